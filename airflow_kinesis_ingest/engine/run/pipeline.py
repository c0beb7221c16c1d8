"""One run: list, filter, describe, sample, write, delete, report. The only module that knows every stage."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from difflib import get_close_matches
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from uuid import uuid4

from ...errors import (
    AccessDenied,
    CatalogueRefused,
    Fault,
    IngestError,
    Stopped,
    StreamGone,
    TopicRefused,
    WorkflowError,
)
from ..aws.client import glue_client, kinesis_client
from ..aws.console import console_url
from ..aws.glue import GlueSchemas
from ..aws.identity import caller_arn
from ..aws.quota import Quota
from ..aws.sample import Sampler, Taken
from ..aws.source import KinesisSource, ShardReader
from ..catalogue.client import OpenMetadata, fqn, parted
from ..catalogue.deletion import account_of, elsewhere, gone
from ..catalogue.file import FileSink
from ..catalogue.found import Found
from ..catalogue.openmetadata import RestSink, kinesis_service
from ..catalogue.run_status import RETRY_FOR, TIMEOUT, RunStatus
from ..catalogue.sink import Sink
from ..catalogue.topic import topic_of
from ..catalogue.topic_calls import Warn
from ..model import Description, Message, MessageSchema, Outcome, RunReport, Sample, State, Stream, Topic
from ..retry import Circuit
from ..workflow.disclosure import unused
from ..workflow.filters import Verdict, stream_filter
from ..workflow.models import Options, Workflow
from .beside import Beside, flows_at, of_streams, of_the_run
from .declared import Declared
from .details import details
from .flow import Flow, Stage, attended
from .need import REGISTRY, Looks, Need, basis_of
from .reading import Reader, dated
from .refresh import LOOKERS, Refresh, looking, refreshed
from .tally import Tally, unexpected
from .told import Told
from .window import window

log = logging.getLogger(__name__)

DESCRIBERS = 8
NEAR_MOST = 1000
UNPROVEN = "If it is gone, confirm it once (`kinesis-ingest diff -c FILE --adopt NAME`), or delete the topic by hand"

Progress = Callable[[RunReport], None]
Touched = Callable[[Topic, Outcome], None]
Described = tuple[Description, Sample]
Destination = Callable[[Workflow, threading.Event, Warn], Sink]


def run(
    workflow: Workflow,
    *,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
    status: RunStatus | None = None,
    into: Destination | None = None,
    only: frozenset[str] | None = None,
    broken_off: Progress | None = None,
    touched: Touched | None = None,
    told: Told | None = None,
) -> RunReport:
    """Ingest once. Never raises for a run that failed: the report says what happened, `fatal` why it ended early.

    workflow: with its `${NAME}`s resolved. stop: set it to end the run within seconds; a run never sets it. progress:
    called now and then, by the calling thread. status: told that the run began, and, after the last write, how it
    ended. into: another sink than the workflow's. only: the names of the streams to take (see `chosen`), all without
    it. The others are left alone and not counted, nothing is deleted, and a name that is not listed is a failure.
    broken_off: given the report of a run that somebody's exception breaks off, before this raises it. touched: told
    of each topic that the catalogue has acknowledged, by many threads. told: instead of
    `only`, the streams that events told of: nothing is listed, and one that is not there is none of this run's.
    """
    tally = Tally()

    def work(over: threading.Event) -> None:
        assemble(workflow, over, tally, into or sink_of, only, touched, told).execute(status)

    def report_progress() -> None:
        if progress:
            progress(tally.report())

    _log_unused(workflow)
    try:
        fatal = _fatal(lambda: attended(work, stop or threading.Event(), report_progress))
    except BaseException:
        # Airflow's time-out, or SystemExit: none of our business but to leave in order and say so.
        report = _reported(workflow, tally, Stopped("the run was broken off"))
        if status:
            status.ended(report)
        if broken_off:
            broken_off(report)
        raise
    report = _reported(workflow, tally, fatal)
    if status:
        status.ended(report)
    return report


def _reported(workflow: Workflow, tally: Tally, fatal: IngestError | None) -> RunReport:
    if not (tally.kept or workflow.destination.type == "metadata-rest"):
        tally.discarded()  # also where a call that hangs kept the sink from being closed
    report = tally.report(fatal=fatal).rewritten(workflow.origins.with_names)
    account = report.account or account_of(workflow.aws.assume_role_arn)
    return replace(report, state=_state(workflow, report), account=account)


def _fatal(work: Callable[[], None]) -> IngestError | None:
    """What ended the work early."""
    try:
        work()
    except KeyboardInterrupt:
        return Stopped("the run was interrupted", remedy="Run it again: it goes on where the catalogue stands")
    except IngestError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a border: a run that met a fault of ours has failed, and says so
        return unexpected(error)
    return None


def _state(workflow: Workflow, report: RunReport) -> State:
    if isinstance(report.fatal, Stopped):
        return "stopped"
    percent = report.success_percent
    if report.fatal or (percent is not None and percent < workflow.workflow_config.success_threshold):
        return "failed"
    broken = workflow.options.drift.fail_on == "incompatible" and any(
        drift.compatible is False for drift in report.drift
    )
    return "partialSuccess" if report.failures or report.failed_deletions or broken else "success"


def _log_unused(workflow: Workflow) -> None:
    fields = unused(workflow)
    if fields:
        log.debug("These fields have no effect here: %s", ", ".join(fields))


def chosen(workflow: Workflow, names: Collection[str]) -> frozenset[str]:
    """The names as `run` takes them for `only`. Raises WorkflowError for those that the workflow's filter excludes."""
    keep = stream_filter(workflow.metadata.topic_filter_pattern)
    excluded = [f"`{name}`" for name in names if not keep(name).kept]
    if excluded:
        problem = f"the filter of the file excludes {', '.join(excluded)}"
        remedy = "Leave it out, or change `topicFilterPattern`"
        raise WorkflowError([Fault(workflow.name, 0, 0, "--streams", problem, remedy)])
    return frozenset(names)


def source_of(
    workflow: Workflow,
    stop: threading.Event,
    *,
    retry_for: float | None = None,
    throttled: Callable[[], None] = lambda: None,
) -> KinesisSource:
    """retry_for: seconds, the file's without it. throttled: see KinesisSource. Makes no call of Kinesis.

    Raises AccessDenied where there are no credentials, Unreachable where a metadata service goes on failing.
    """
    options = workflow.options
    connect = partial(
        kinesis_client,
        workflow.aws,
        pool=LOOKERS + DESCRIBERS + options.concurrency + 1,
        role=options.assume_role,
        account_id_endpoint_mode=options.account_id_endpoint_mode,
    )
    retry_for = options.retry_for if retry_for is None else retry_for
    client = Circuit("the metadata service", stop, retry_for).call(connect)
    quota = Quota(options.quota)
    return KinesisSource(client, quota=quota, stop=stop, retry_for=retry_for, throttled=throttled)


def sink_of(workflow: Workflow, stop: threading.Event, warn: Warn) -> Sink:
    """Makes no call and no file."""
    path = catalogue_file(workflow)
    if path:
        return FileSink(path, workflow)
    options = workflow.options
    client = OpenMetadata(workflow.server, stop=stop, pool=options.concurrency, retry_for=options.retry_for)
    return RestSink(client, workflow, warn)


def catalogue_file(workflow: Workflow) -> Path | None:
    """The file that a run writes; None where the sink is OpenMetadata."""
    if workflow.destination.type == "metadata-rest":
        return None
    config = workflow.destination.config
    return Path(config.path if config and config.path else f"{workflow.name}.catalogue.jsonl").expanduser()


class Look(NamedTuple):
    """What `look` found of one stream. messages: redacted; schema: which they share; window: see `window`."""

    messages: list[Message]
    schema: MessageSchema | None
    window: str


def look(workflow: Workflow, name: str) -> Look:
    """Take one stream's sample. Writes nothing. Raises IngestError; for a stream that is not there, it names others."""
    source, options = source_of(workflow, threading.Event()), workflow.options.sample
    try:
        described = source.describe(Stream(name))
    except StreamGone:
        raise _no_such(source, workflow, name) from None
    until = source.clock() + options.time_limit
    shards = source.open_shards(described.stream, until)
    taken = _taken_from(source, Sampler(options, source.clock), described, shards, until)
    reader = Reader(workflow.options, storing=False, schemas=_glue(workflow))
    messages = reader.messages(taken.records)
    shown = [reader.redacted(message) for message in messages]
    return Look(shown, reader.schema(name, messages), window(taken, options))


def _no_such(source: KinesisSource, workflow: Workflow, name: str) -> StreamGone:
    """Names like it are of the first streams of the account; none where they cannot be listed."""
    listed: list[str] = []
    with suppress(IngestError):
        listed += (stream.name for stream in islice(source.streams(), NEAR_MOST))
    by_lower = {each.lower(): each for each in listed}
    near = [f"`{by_lower[each]}`" for each in get_close_matches(name.lower(), by_lower, 3, 0.7)]
    guess = f"Did you mean {' or '.join(near)}? " if near else ""
    region = workflow.aws.aws_region
    what = f"there is no stream of this name in {region}"
    return StreamGone(what, where=name, remedy=f"{guess}`kinesis-ingest list -c FILE` shows all that there are")


def _taken_from(
    source: KinesisSource, sampler: Sampler, described: Description, shards: Iterable[ShardReader], until: float
) -> Taken:
    stream = described.stream
    return sampler.take(described, shards, datetime.now(timezone.utc), lambda: source.closed_shards(stream, until))


def status_of(
    workflow: Workflow, pipeline: str, run_id: str, over: Callable[[], Collection[str]] | None = None
) -> RunStatus | None:
    """What tells OpenMetadata about a run of ours, by the pipeline's name; None where the sink is not OpenMetadata.

    over: as `RunStatus` takes it.
    """
    if workflow.destination.type != "metadata-rest":
        return None
    return RunStatus(workflow, fqn(workflow.source.service_name, pipeline), run_id, ours=True, over=over)


def announce(workflow: Workflow, pipeline: str = "") -> None:
    """Put the service and the pipeline of a deployed workflow into OpenMetadata, if that is its sink.

    pipeline: its name there; by default the workflow's. Raises IngestError.
    """
    status = status_of(workflow, pipeline or workflow.name, "")
    if status:
        client = OpenMetadata(workflow.server, stop=threading.Event(), timeout=TIMEOUT, retry_for=RETRY_FOR)
        RestSink(client, workflow, lambda *_: None).ensure_service()
        status.deployed()


def tell_not_deployed(workflow: Workflow, run_id: str, faults: IngestError) -> None:
    """Have OpenMetadata show that a pipeline could not be deployed. workflow: what `salvaged` made of its file.

    Too little is known to make or change the service, or to change an entity that is there. Raises IngestError, for a
    service that is not there too.
    """
    name = workflow.source.service_name
    client = OpenMetadata(workflow.server, stop=threading.Event(), timeout=TIMEOUT, retry_for=RETRY_FOR)
    if kinesis_service(client, name) is None:
        raise CatalogueRefused("the messaging service does not exist yet", where=name, remedy="A run will make it")
    status = RunStatus(workflow, fqn(name, workflow.name), run_id, ours=False)
    status.deployed()
    status.ended(RunReport(state="failed", fatal=faults).rewritten(workflow.origins.with_names))


def status_in(workflow: Workflow) -> RunStatus | None:
    """The same of the pipeline that the file names, which may be somebody else's; None where it names none."""
    named = workflow.ingestion_pipeline_fqn
    if not named or workflow.destination.type != "metadata-rest":
        return None
    pipeline = named if parted(named)[0] else fqn(workflow.source.service_name, named)
    return RunStatus(workflow, pipeline, workflow.pipeline_run_id or str(uuid4()), ours=False)


def assemble(
    workflow: Workflow,
    stop: threading.Event,
    tally: Tally,
    into: Destination,
    only: frozenset[str] | None = None,
    touched: Touched | None = None,
    told: Told | None = None,
) -> Run:
    source = source_of(workflow, stop, throttled=tally.throttled)
    beside = Beside(workflow, stop)
    return Run(
        workflow=workflow,
        source=source,
        keep=stream_filter(workflow.metadata.topic_filter_pattern),
        sampler=Sampler(workflow.options.sample, source.clock),
        sink=into(workflow, stop, tally.warn),
        tally=tally,
        stop=stop,
        beside=beside,
        declared=_declared(workflow, tally, beside),
        only=told.names if told else only,
        touched=touched,
        told=told,
    )


def _glue(workflow: Workflow, *tell: Callable[[IngestError], None]) -> GlueSchemas:
    return GlueSchemas(lambda: glue_client(workflow.aws, workflow.options.assume_role), *tell)


def _declared(workflow: Workflow, tally: Tally, beside: Beside) -> Declared | None:
    """None where the file declares nothing."""
    options = workflow.options
    if not options.declares_schemas:
        return None
    schemas = _glue(workflow, partial(tally.missed, "schema", REGISTRY))
    channels = beside.channels if options.binds_schemas else None
    return Declared(options.schema_registry.streams, schemas, partial(tally.missed, "schema"), channels)


@dataclass(frozen=True, slots=True)
class Run:
    workflow: Workflow
    source: KinesisSource
    keep: Callable[[str], Verdict]
    sampler: Sampler
    sink: Sink
    tally: Tally
    stop: threading.Event
    beside: Beside
    declared: Declared | None = None
    only: frozenset[str] | None = None
    touched: Touched | None = None
    told: Told | None = None

    @property
    def _options(self) -> Options:
        return self.workflow.options

    def execute(self, status: RunStatus | None = None) -> None:
        """Raises the IngestError that ended the run early; nothing else is left undone."""
        complete = False
        streams = self._of_stated_account(self.told.streams() if self.told else self.source.streams())
        storing = self.sink.open(storing=self.workflow.metadata.generate_sample_data and self._options.sample.store)
        try:
            self.tally.catalogue = self.sink.address
            looks = self._looks(status, storing)
            self.beside.begin()
            listed = self._ingest(streams, storing, looks)
            complete = True
            if self.only is None and self.workflow.metadata.mark_deleted_topics:
                self._delete_gone(listed)
            self._link(listed)
        finally:
            self.tally.kept = self.sink.close(complete=complete)

    def _of_stated_account(self, streams: Iterator[Stream]) -> Iterator[Stream]:
        """The streams, once they, or STS, prove that they are of the account that the file says. Raises AccessDenied.

        Before anything is written: a service of another account's streams would be wrong in every part. An error of
        the listing is raised by what is returned, in its own time.
        """
        stated = self._options.account
        if stated is None or account_of(self.workflow.aws.assume_role_arn) == stated:
            return streams
        try:
            first = next(streams, None)
        except IngestError as error:
            return _raising(error)
        arn = first.arn if first else None
        actual = account_of(arn) or account_of(caller_arn(self.workflow.aws, self._options.assume_role))
        if actual != stated:
            what = f"the credentials are of the account {actual}, and not of {stated} as the file says"
            raise AccessDenied(
                what, where="options.account", remedy="Correct the role or the connection; nothing was written"
            )
        return chain([first] if first else [], streams)

    def _looks(self, status: RunStatus | None, storing: bool) -> Looks:
        """What the last complete run tells this one, and this one will tell the next."""
        if status:
            status.running()
        basis, every = basis_of(storing=storing), self._options.sample.every
        if status is None or self.only is not None:
            return Looks(Refresh(), basis, every)
        sampling = self._is_sampling(storing)
        looks = Looks(refreshed(self._options, status, sampling=sampling), basis, every)
        if sampling:
            status.samples = looks.told()
        return looks

    def _is_sampling(self, storing: bool) -> bool:
        """Records are read only if somebody wants what becomes of them."""
        return self.workflow.metadata.generate_sample_data and (storing or self._options.infer_schema)

    def _ingest(self, streams: Iterator[Stream], storing: bool, looks: Looks) -> dict[str, str | None]:
        """Bring every kept stream into the catalogue. Returns name -> ARN of all that were listed."""
        workers, recorded = self._options.concurrency, self.sink.catalogued()
        stages = [
            Stage(partial(self._describe, recorded), DESCRIBERS),
            Stage(self._sampling(looks, storing), workers),
            Stage(self._write, workers),
        ]
        if looks.refresh.is_rolling:
            stages.insert(0, Stage(looking(looks.refresh, self.source, self.sink, self.tally), LOOKERS))
        flow = Flow(stages, self.stop)
        listed, failed = self._feed(flow, streams, recorded)
        flow.drain()
        listed |= self.told.arns if self.told else {}
        self.beside.all_described(whole=not failed and self.tally.whole)
        if failed:
            raise failed
        for name in sorted((self.only or frozenset()) - listed.keys()):
            self._miss(name)
        return listed

    def _sampling(self, looks: Looks, storing: bool) -> Callable[[Description], Described]:
        """The stage that adds samples."""
        options = self._options
        if not self._is_sampling(storing):
            return _no_sample
        need = Need(looks, self.source, self.sink, options.sample.shards)
        schemas = self.declared.schemas if self.declared else None
        schemas = schemas or _glue(self.workflow, partial(self.tally.missed, "sample", REGISTRY))
        return partial(self._sample, need, Reader(options, storing=storing, schemas=schemas))

    def _feed(
        self, flow: Flow, streams: Iterator[Stream], recorded: Mapping[str, str | None]
    ) -> tuple[dict[str, str | None], IngestError | None]:
        listed: dict[str, str | None] = {}
        try:
            for stream in streams:
                known = recorded.get(stream.name)
                listed[stream.name] = known if known == stream.arn else stream.arn  # one text of each, not two
                self.tally.account = self.tally.account or account_of(stream.arn)
                if self.only is not None and stream.name not in self.only:
                    continue
                verdict = self.keep(stream.name)
                self.tally.listed(stream.name, verdict)
                if verdict.kept:
                    flow.put(stream)
        except IngestError as error:
            # The streams listed so far are real: they are finished before the run ends. Nothing is deleted.
            return listed, error
        return listed, None

    def _miss(self, name: str) -> None:
        with self.tally.step("list", name):
            what = "this account and region list no stream of this name"
            raise StreamGone(what, remedy="Look it up, upper and lower case too: `kinesis-ingest list -c FILE`")

    def _describe(self, recorded: Mapping[str, str | None], stream: Stream) -> Description | None:
        described: Description | None = None
        with self.tally.step("describe", stream.name):
            described = self._look_at(stream)
            self.tally.described(described)
            self.beside.described(described)
        ours: Description | None = None
        if described:
            with self.tally.step("write", stream.name):
                self._require_ours(described, recorded.get(stream.name))
                ours = described
        return ours

    def _look_at(self, stream: Stream) -> Description:
        if self.told is None:
            return self.source.describe(stream)
        described = self.told.described(self.source, stream, self.tally.warn)
        self.tally.account = self.tally.account or account_of(described.stream.arn)
        return described

    def _require_ours(self, described: Description, recorded: str | None) -> None:
        """Raises TopicRefused for a topic whose stream is recorded in another account or region.

        Two workflows with one service would write it in turns, each run over the other's, and both would call it right.
        """
        whose = elsewhere(recorded, described.stream.arn, self._options.moved_from)
        if whose:
            raise TopicRefused(
                f"the topic of this name is of another account or region, {whose}, and stays as it is",
                remedy="Give each account and region a service of its own; if the stream moved, write"
                f" `options.movedFrom: [{whose}]`",
            )

    def _sample(self, need: Need, reader: Reader, described: Description) -> Described:
        name = described.stream.name
        if self.tally.hopeless("sample"):
            self.tally.warn("sample", name, "not tried: the streams before it could not be read", "Run again later")
            return described, Sample()
        sample = Sample()
        with self.tally.step("sample", name, optional=True):
            sample = self._taken(need, reader, described)
        return described, sample

    def _taken(self, need: Need, reader: Reader, described: Description) -> Sample:
        """Empty where the stored one stays."""
        until = self.source.clock() + self._options.sample.time_limit
        shards = need.shards(described, until)
        if shards is None:
            log.debug("%s: no record is newer than its sample, or it is not its turn", described.stream.name)
            return Sample()
        taken = _taken_from(self.source, self.sampler, described, shards, until)
        log.debug("%s: %s", described.stream.name, window(taken, self._options.sample))
        if taken.records:
            self.tally.sampled()
        elif not taken.exhausted:
            cause = "no record was found within the bounds of the search"
            self.tally.warn("sample", described.stream.name, cause, "Raise `options.sample.shards` or `timeLimit`")
        messages = reader.messages(taken.records)
        if self.declared and (contradiction := self.declared.contradiction(described.stream, messages)):
            self.tally.missed("schema", described.stream.name, contradiction)
        sample = reader.sample(described.stream.name, messages)
        sample = dated(sample, taken.records, datetime.now(timezone.utc))
        if taken.records or taken.exhausted:
            self.tally.read(described.stream.name, sample)
        self._log_sample(described.stream.name, sample)
        return sample

    def _log_sample(self, name: str, sample: Sample) -> None:
        if sample.schema:
            shared = (sample.schema.kind, sample.schema.agreed, sample.schema.total)
            log.debug("%s: %s schema, shared by %d of %d messages", name, *shared)
        if sample.notes:
            more = f" (and {len(sample.notes) - 1} more notes)" if len(sample.notes) > 1 else ""
            log.info("%s: not every message is readable: %s%s", name, sample.notes[0], more)

    def _write(self, item: Described) -> None:
        described, sample = item
        name = described.stream.name
        with self.tally.step("write", name):
            url = console_url(self.workflow.aws.aws_region, name)
            schema = self.declared.schema(described.stream, sample) if self.declared else sample.schema
            topic = topic_of(described, source_url=url, schema=schema)
            outcome = self.sink.write(topic, sample)
            self.tally.finished(name, outcome)
            if self.touched:
                self.touched(topic, outcome)
            self.tally.drifted(name, self.sink.drift(name))

    def _link(self, listed: Mapping[str, str | None]) -> None:
        """Bring what was asked beside the streams into the catalogue. What did not work of it is a warning."""
        account, region = (
            self.tally.account or account_of(self.workflow.aws.assume_role_arn),
            self.workflow.aws.aws_region,
        )
        asked = of_the_run(self.beside.asked(), region=region, account=account)
        streams = {name: arn for name, arn in listed.items() if self.only is None or name in self.only}
        if self.only is not None:
            asked = of_streams(asked, streams)
        if not (asked.tags or asked.listings):
            return
        self.tally.warned(asked.problems)
        found = Found(region, account, streams, asked.tags, asked.listings)
        self.tally.detailed(details(found))
        linked = self.sink.link(found, self._each)
        self.tally.linked(linked, flows_at(asked, streams))
        self.tally.warned(linked.problems)

    def _delete_gone(self, listed: Mapping[str, str | None]) -> None:
        region = self.workflow.aws.aws_region
        account = self.tally.account
        max_share = self._options.deletion.max_share
        found = gone(self.sink.catalogued(), listed, region=region, account=account, max_share=max_share)
        for name in found.elsewhere:
            cause = "its stream is in another account or region than this run's"
            self.tally.warn(
                "delete", name, cause, "Give that account a service of its own, or delete the topic by hand"
            )
        for name in found.unproven:
            cause = "its stream is not recorded: nothing proves that it was of this account and region"
            self.tally.warn("delete", name, cause, UNPROVEN)
        if not found.names:
            return
        log.info("%d topics have lost their stream and are deleted", len(found.names))
        self._each(self._delete, found.names)

    def _each(self, work: Callable[[Any], None], items: Iterable[Any]) -> None:
        """Raises Stopped, and what `work` raises."""
        flow = Flow([Stage(work, self._options.concurrency)], self.stop)
        for item in items:
            flow.put(item)
        flow.drain()

    def _delete(self, name: str) -> None:
        with self.tally.deletion(name):
            self.sink.delete(name)


def _raising(error: IngestError) -> Iterator[Stream]:
    """What raises it when it is asked for its first stream."""

    def fail(_: None) -> NoReturn:
        raise error

    return map(fail, [None])


def _no_sample(described: Description) -> Described:
    return described, Sample()
