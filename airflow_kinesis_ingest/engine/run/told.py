"""A run of the streams that events told of: taken by their names, without a listing, once AWS is done with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, repeat

from ...errors import StreamGone, StreamNotReady
from ..aws.events import Change
from ..aws.source import KinesisSource
from ..catalogue.deletion import account_of
from ..catalogue.topic_calls import Warn
from ..model import Description, Stream
from ..workflow.filters import stream_filter
from ..workflow.models import Workflow
from ..workflow.targets import each_target

SETTLE = 120.0
"""Seconds that all streams of a run together are waited for: most are made, or encrypted, within one minute."""

PAUSES = (1.0, 2.0, 4.0)
LISTING = "Nothing to do: only a run that lists all streams deletes topics"
OTHERS = "Nothing to do: the workflow of that account takes it"


class Told:
    """accounts: by the name of each stream, those that it is said to be of. arns: of the streams described so far."""

    def __init__(self, accounts: Mapping[str, frozenset[str]]) -> None:
        self._accounts = accounts
        self._until: float | None = None
        self.arns: dict[str, str | None] = {}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._accounts)

    def streams(self) -> Iterator[Stream]:
        return map(Stream, sorted(self._accounts))

    def described(self, source: KinesisSource, stream: Stream, warn: Warn) -> Description:
        """Raises StreamNotReady where there is nothing to write now: it is still being made, it is gone again, or it is
        no stream that an event told of but one of its name.
        """
        try:
            found = self._settled(source, stream, warn)
        except StreamGone:
            raise StreamNotReady("the stream is gone again", where=stream.name, remedy=LISTING) from None
        account = account_of(found.stream.arn)
        if account and account not in self._accounts[stream.name]:
            told = " and ".join(sorted(self._accounts[stream.name]))
            what = f"the event is of the account {told}, and this run's stream of this name is not"
            raise StreamNotReady(what, where=stream.name, remedy=OTHERS)
        self.arns[stream.name] = found.stream.arn
        return found

    def _settled(self, source: KinesisSource, stream: Stream, warn: Warn) -> Description:
        """Described once AWS has ended what it does with it, or as it is when the time for that is over."""
        self._until = self._until or source.clock() + SETTLE
        pauses = chain(PAUSES, repeat(PAUSES[-1]))
        while (found := self._once(source, stream, warn, over=source.clock() >= self._until)) is None:
            source.rest(next(pauses))
        return found

    def _once(self, source: KinesisSource, stream: Stream, warn: Warn, *, over: bool) -> Description | None:
        """None where it is to be asked again."""
        try:
            found = source.describe(stream)
        except StreamNotReady:
            if over:
                raise
            return None
        if found.status != "UPDATING":
            return found
        if over:
            warn("describe", stream.name, "AWS is still changing the stream", "The next run looks again")
        return found if over else None


def told_by(workflow: Workflow, changes: Iterable[Change]) -> Told | None:
    """What of the changes is of this workflow's account and region, and passes its filter; None: nothing.

    Where the workflow does not say its account, each stream tells when it is described.
    """
    stated, keep = each_target(workflow)[0].account, stream_filter(workflow.metadata.topic_filter_pattern)
    accounts: dict[str, frozenset[str]] = {}
    for change in changes:
        ours = change.region == workflow.aws.aws_region and stated in (None, change.account)
        if ours and keep(change.stream).kept:
            accounts[change.stream] = accounts.get(change.stream, frozenset()) | {change.account}
    return Told(accounts) if accounts else None
