"""What a run asks beside its streams: AWS's tags, and who reads and writes. Each in a thread of its own, meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from functools import partial
from queue import Empty, Queue
from typing import Any

from ...errors import Stopped
from ..aws.region import AwsRegion
from ..aws.tags import ACTIONS as TAG_ACTIONS
from ..aws.tags import tags, types_of, wants_tags
from ..catalogue.deletion import account_of, region_of
from ..lineage.asking import listed, problem_of
from ..lineage.channels import Channels
from ..lineage.flow import Flow, Listing, Part, Region, TagListing, Unfinished, step_of
from ..lineage.parts import parts
from ..model import EXAMPLES, Description, Problem
from ..workflow.models import Options, Workflow
from .tally import unexpected

POLL = 0.2


@dataclass(frozen=True, slots=True)
class Asked:
    """tags: None where the file does not ask for them; listings: one for each part in use."""

    tags: TagListing | None = None
    listings: tuple[Listing, ...] = ()

    @property
    def problems(self) -> Iterator[Problem]:
        if self.tags and self.tags.problem:
            yield self.tags.problem
        for listing in self.listings:
            yield from listing.problems


def actions_of(options: Options) -> dict[str, float]:
    """All actions that the tags and parts of a file call, with AWS's rates."""
    found = dict(TAG_ACTIONS) if wants_tags(options) else {}
    for part in parts(options.lineage):
        found |= part.actions
    return found


@dataclass
class Beside:
    """Begun before the first stream is described, and awaited after the last one. Costs nothing where nothing is asked.

    stop: of the run; set, it ends every thread soon, and `asked` raises Stopped.
    """

    workflow: Workflow
    stop: threading.Event
    region: Region | None = None
    _consumers: Queue[str | Unfinished | None] = field(default_factory=Queue)
    _tags: Future[TagListing] | None = None
    _listings: dict[str, Future[Listing]] = field(default_factory=dict)

    def begin(self) -> None:
        options = self.workflow.options
        actions = actions_of(options)
        if not actions:
            return
        region = self.region or AwsRegion(
            self.workflow.aws, options, actions, stop=self.stop, consumers=self._with_consumers
        )
        used = parts(options.lineage)
        if wants_tags(options):
            self._tags = _begun(partial(tags, region, types_of(part.name for part in used)))
        self._listings = {part.name: _begun(partial(_listed, part, region)) for part in used}

    def described(self, found: Description) -> None:
        """One more stream was described."""
        if found.consumers and found.stream.arn:
            self._consumers.put(found.stream.arn)

    def all_described(self, *, whole: bool) -> None:
        """whole: every stream of the region was described."""
        if not whole:
            self._consumers.put(Unfinished())
        self._consumers.put(None)

    def _with_consumers(self) -> Iterator[str | Unfinished]:
        while not self.stop.is_set():
            try:
                found = self._consumers.get(timeout=POLL)
            except Empty:
                continue
            if found is None:
                return
            yield found
        raise Stopped("the run was asked to end")

    def asked(self) -> Asked:
        """Wait for all that was begun. Raises Stopped."""
        begun: list[Future[Any]] = [*self._listings.values(), *([self._tags] if self._tags else [])]
        self._await(begun)
        listings = tuple(each.result() for each in self._listings.values())
        return Asked(self._tags.result() if self._tags else None, listings)

    def channels(self) -> Listing:
        """Wait for the channels, which the file asks for. Raises Stopped."""
        begun = self._listings[Channels.name]
        self._await([begun])
        return begun.result()

    def _await(self, begun: Collection[Future[Any]]) -> None:
        while not self.stop.is_set():
            if not wait(begun, POLL).not_done:
                return
        raise Stopped("the run was asked to end")


def of_the_run(asked: Asked, *, region: str, account: str | None) -> Asked:
    """Without what is at streams of another account or region, which is named; it is never matched by a name.

    A registered consumer that a function or a pipe reads by is told as that one alone.
    """
    flows = (flow for listing in asked.listings for flow in listing.flows)
    by_consumers = {flow.consumer_arn for flow in flows if flow.part != "consumers"}

    def kept(flow: Flow) -> bool:
        return not (flow.part == "consumers" and flow.consumer_arn in by_consumers)

    listings = (replace(each, flows=tuple(filter(kept, each.flows))) for each in asked.listings)
    return replace(asked, listings=tuple(_own(listing, region, account) for listing in listings))


def _own(listing: Listing, region: str, account: str | None) -> Listing:
    foreign = [flow for flow in listing.flows if _is_foreign(flow.stream_arn, region, account)]
    if not foreign:
        return listing
    names = sorted({flow.name for flow in foreign})
    shown = ", ".join(names[:EXAMPLES]) + (f" and {len(names) - EXAMPLES} more" if len(names) > EXAMPLES else "")
    what = "is at a stream of another account or region, and is left out"
    remedy = "Nothing to do: a workflow of that account and region shows it"
    problem = Problem(step_of(listing.part), shown, what, remedy)
    flows = tuple(flow for flow in listing.flows if flow not in foreign)
    return replace(listing, flows=flows, problems=(*listing.problems, problem))


def _is_foreign(arn: str, region: str, account: str | None) -> bool:
    return region_of(arn) != region or (account is not None and account_of(arn) != account)


def of_streams(asked: Asked, arns: Mapping[str, str | None]) -> Asked:
    """What concerns these streams alone, for a run of them alone: it proves of nothing that it is gone."""
    wanted = set(arns.values())

    def narrowed(listing: Listing) -> Listing:
        flows = tuple(flow for flow in listing.flows if flow.stream_arn in wanted)
        return replace(listing, flows=flows, complete=False)

    return Asked(asked.tags and replace(asked.tags, complete=False), tuple(map(narrowed, asked.listings)))


def flows_at(asked: Asked, streams: Mapping[str, str | None]) -> int:
    """How many flows are at these streams."""
    arns = set(streams.values())
    return sum(flow.stream_arn in arns for listing in asked.listings for flow in listing.flows)


def _listed(part: Part, region: Region) -> Listing:
    try:
        return listed(part, region)
    except Stopped:
        raise
    except Exception as error:  # noqa: BLE001 - a border: no fault of one part may cost the streams their topics
        return Listing(part.name, problems=(problem_of(part.name, part.name, unexpected(error)),))


def _begun(work: Callable[[], Any]) -> Future[Any]:
    """In a daemon: a call that hangs is left behind."""
    done: Future[Any] = Future()

    def settle() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - a border: the thread's error must reach `asked`
            done.set_exception(error)

    threading.Thread(target=settle, daemon=True).start()
    return done
