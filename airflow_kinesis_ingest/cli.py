"""The command line, `kinesis-ingest`. Runs without Airflow; each command imports what it needs, when it runs.

Exit codes: 0 success, 1 a run or a test that failed, 2 a file or a command line that is wrong.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import io
import json
import logging
import os
import re
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from . import __version__
from .errors import FixFile, IngestError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

    from .engine.model import Field, MessageSchema, RunReport
    from .engine.workflow.fence import Fence
    from .engine.workflow.models import Workflow

SUCCESS, FAILED, BAD_FILE, INTERRUPTED = 0, 1, 2, 130
LONGEST_LINE = 10_000
LOG_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"
# Escape sequences that would do something to a terminal, and marks that turn the direction of what follows.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def main(argv: Sequence[str] | None = None) -> int:
    # What is left goes with the process: Python would search and free 90,000 objects first, for 0.3 s.
    atexit.register(gc.freeze)
    arguments = build_parser().parse_args(argv)
    return run(arguments.command, arguments)


def run(command: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    """The exit code of a command; its errors go to standard error, without a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a record may hold what the locale's encoding does not
    try:
        return _exit_code(command, arguments)
    finally:
        for stream in (sys.stdout, sys.stderr):
            _flush_or_drop(stream)


def _exit_code(command: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    try:
        code = command(arguments)
        if sys.stdout:
            sys.stdout.flush()  # here, where a reader that left is no error
        return code
    except IngestError as error:
        _say(error.rewritten(arguments.with_names) if hasattr(arguments, "with_names") else error)
        return BAD_FILE if isinstance(error, FixFile) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return SUCCESS  # the reader of our output left (`... | head`); there is nobody to tell
    except OSError as error:
        _say(f"{error.filename or 'the output'}: {error.strerror or error}. Check the path, its rights and the space")
        return FAILED


def _say(message: object) -> None:
    with suppress(OSError):  # standard error was the place to say so
        if sys.stderr:  # without one, print() would take standard output
            print(message, file=sys.stderr)


def _flush_or_drop(stream: IO[str] | None) -> None:
    """What cannot be written is dropped: Python would try once more at its end, and exit with 120."""
    if stream is None:  # it was closed before we began
        return
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def build_parser(prog: str = "kinesis-ingest") -> argparse.ArgumentParser:
    parser = _Parser(prog=prog, description="Kinesis streams into the OpenMetadata catalogue.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    add_commands(parser.add_subparsers(required=True, metavar="COMMAND"))
    return parser


def add_commands(commands: Any) -> None:
    """Every command, on an argparse subparsers action."""
    each = _for_each_target
    run_once = each(ingest_command, lambda asked: bool(asked.streams))
    ingest = _command(commands, "ingest", run_once, "run a workflow once", workflow=True)
    ingest.add_argument("--log-level", choices=["DEBUG", "INFO", "WARN", "ERROR"], help="instead of the file's")
    ingest.add_argument("--report", type=Path, metavar="FILE.json", help="write the whole report as JSON")
    ingest.add_argument("--streams", nargs="+", metavar="NAME", help="take these streams alone, and delete nothing")
    validate = _command(commands, "validate", validate_command, "check workflow files, all faults at once")
    validate.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or folders of them")
    validate.add_argument("--format", choices=["text", "json"], default="text")
    _command(commands, "list", each(list_command), "dry run: every stream, kept or filtered, and why", workflow=True)
    trying = "try every call a run makes, step by step"
    _command(commands, "test-connection", each(test_connection_command), trying, workflow=True)
    compare = each(diff_command, lambda asked: bool(asked.adopt))
    diff = _command(commands, "diff", compare, "what a run would change; it writes nothing", workflow=True)
    adopting = "for these topics, whose streams are gone, record that they were of this account and region"
    diff.add_argument("--adopt", nargs="+", metavar="NAME", help=f"{adopting}: the next run may delete them")
    sample = _command(commands, "sample", sample_command, "show one stream's records and their schema", workflow=True)
    sample.takes_dashed_names = True
    sample.add_argument("stream", metavar="STREAM", help="the name of the stream")
    _command(commands, "flows", flows_command, "who writes to each stream and who reads from it", workflow=True)
    _command(commands, "schema", schema_command, "print the JSON Schema of a workflow file, for editors")
    policy = _command(commands, "policy", policy_command, "print the IAM policy a workflow needs")
    policy.add_argument("--kms", action="store_true", help="also for streams with a customer-managed key")
    policy.add_argument("--glue", action="store_true", help="also for schemas of the Glue Schema Registry")
    policy.add_argument("--tags", action="store_true", help="also for tags and owners")
    policy.add_argument("--lineage", action="store_true", help="also for all that finds who reads from streams")
    policy.add_argument("--writers", action="store_true", help="also for all that finds who writes to streams")
    policy.add_argument("-c", "--config", type=Path, metavar="FILE", help="what this workflow file calls, and no more")
    events = _command(
        commands, "events", events_command, "print what AWS is told so that a file's queue hears of changes"
    )
    events.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the workflow file")
    events.add_argument(
        "--part", choices=["rule", "targets", "queue", "iam"], help="one alone, as its command of `aws` takes it"
    )
    deploy = _command(commands, "deploy", deploy_command, "check a workflow file and put it into a folder in one step")
    deploy.add_argument("file", type=Path, metavar="FILE", help="the workflow file")
    deploy.add_argument("folder", type=Path, metavar="FOLDER", help="where the DAG loader looks, e.g. dags/workflows")
    deploy.add_argument("--create", action="store_true", help="make the folder if it is missing")
    undeploy = _command(commands, "undeploy", undeploy_command, "take a workflow out of a folder; its history stays")
    undeploy.add_argument("name", metavar="NAME", help="the workflow's name, its DAG id")
    undeploy.add_argument("folder", type=Path, metavar="FOLDER", help="where it was deployed")
    pools = _command(commands, "pools", pools_command, "print the Airflow pools that files of one account need")
    pools.add_argument("folder", type=Path, metavar="FOLDER", help="of workflow files")
    pools.add_argument("--apply", action="store_true", help="make those that are missing; in `airflow kinesis-ingest`")
    taking_over = _command(commands, "import", import_command, "write workflow files from OpenMetadata's own pipelines")
    taking_over.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go; none is overwritten")
    taking_over.add_argument("--server", required=True, metavar="URL", help="as in http://localhost:8585/api")
    taking_over.add_argument("--token-file", type=Path, required=True, metavar="FILE", help="holds a bot's JWT")
    taking_over.add_argument("--services", nargs="+", metavar="NAME", help="only these services")
    taking_over.add_argument("--dry-run", action="store_true", help="print the files instead of writing them")
    demo = _command(commands, "demo", demo_command, "a local Kinesis, Airflow, and one workflow run through it")
    demo.add_argument("--once", action="store_true", help="end when the run has ended")


class _Parser(argparse.ArgumentParser):
    """Where it takes dashed names, what begins with a dash and is no option is a name, as a stream's may be."""

    takes_dashed_names = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        given = list(args or ())
        if self.takes_dashed_names and "--" not in given:
            names = [each for each in given if each.startswith("-") and not self._is_option(each, given)]
            given = [each for each in given if each not in names] + (["--", *names] if names else [])
        return super().parse_known_args(given if args is not None else None, namespace)

    def _is_option(self, argument: str, given: Sequence[str]) -> bool:
        """-cFILE is one where nothing else says which file."""
        flag, flags = argument.partition("=")[0], self._flags()
        if flag[:2] == "--" != flag:
            return any(option.startswith(flag) for option in flags)
        return flag in flags or (flag[:2] == "-c" and not any(each in ("-c", "--config") for each in given))

    def _flags(self) -> list[str]:
        return [flag for action in self._actions for flag in action.option_strings]


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], what: str, *, workflow: bool = False
) -> _Parser:
    parser: _Parser = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    parser.set_defaults(command=run)
    if workflow:
        parser.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the workflow file")
        which = "of the file's `targets` this one, ACCOUNT_REGION; without it all of them, one after another"
        parser.add_argument("--target", metavar="KEY", help=which)
    return parser


def _for_each_target(
    command: Callable[[argparse.Namespace], int], needs_one: Callable[[argparse.Namespace], bool] = lambda _: False
) -> Callable[[argparse.Namespace], int]:
    """The command for the target that is named, or for each, under its key; the highest of their exit codes.

    A target that fails keeps no other from its turn; who interrupts one wants none of the others either. needs_one:
    whether what is asked is about one target alone.
    """

    def run_each(arguments: argparse.Namespace) -> int:
        keys = _keys(arguments)
        if len(keys) == 1 or needs_one(arguments):
            return command(arguments)
        codes = []
        for key in keys:
            print(f"{key}:", flush=True)
            arguments.target = key
            codes.append(_exit_code(command, arguments))
            if codes[-1] == INTERRUPTED or (arguments.stopped and arguments.stopped.is_set()):
                break
        failed = [key for key, code in zip(keys, codes, strict=False) if code]
        not_tried = f", {len(keys) - len(codes)} not tried" if len(codes) < len(keys) else ""
        _say(f"{len(codes) - len(failed)} of {len(keys)} targets without a failure{not_tried}")
        for key in failed:
            _say(f"failed: {key}")
        return max(codes)

    return run_each


def _keys(arguments: argparse.Namespace) -> list[str]:
    """The targets that a command is about; "" for a file without."""
    from .engine.workflow.document import read
    from .engine.workflow.loading import check
    from .engine.workflow.targets import named_targets

    arguments.stopped = None
    if arguments.target is not None:
        return [arguments.target]
    document = read(arguments.config)
    if document.data.get("targets") is None:
        return [""]
    return [each.key for each in named_targets(check(document, arguments.config.stem, fence=_fence(arguments)))]


def _loaded(arguments: argparse.Namespace, *, writes: bool = False) -> Workflow:
    """The workflow of one target, ready for a run. writes: it goes into its sink."""
    from .engine.workflow.document import read
    from .engine.workflow.loading import Runtime, check, one_target

    document = one_target(read(arguments.config), arguments.config.stem, arguments.target or "")
    runtime = arguments.runtime(document) if hasattr(arguments, "runtime") else Runtime(os.environ)
    workflow = check(document, arguments.config.stem, runtime, _fence(arguments))
    arguments.with_names = workflow.origins.with_names  # for the errors of the command, which may repeat a value
    workflow.require_connections(sink=writes)
    _log_to(logging.StreamHandler(), "WARNING", _WithNames("%(message)s", arguments.with_names))  # `ingest` says more
    return workflow


def _fence(arguments: argparse.Namespace) -> Fence:
    """What files may reach: as Airflow's configuration says where its command line runs this, else the environment."""
    from .engine.workflow.fence import Fence

    given: Fence | None = getattr(arguments, "fence", None)
    return given or Fence.from_environ(os.environ)


def ingest_command(arguments: argparse.Namespace) -> int:
    workflow = _loaded(arguments, writes=True)
    level = arguments.log_level or workflow.workflow_config.logger_level
    from .engine.run import pipeline

    only = pipeline.chosen(workflow, arguments.streams) if arguments.streams else None
    with _report_file(arguments, pipeline.catalogue_file(workflow)) as file:
        with _stop_on_signals() as stop, _progress(level, arguments.with_names) as progress:
            arguments.stopped = stop
            status = pipeline.status_in(workflow)
            report = pipeline.run(workflow, stop=stop, progress=progress, status=status, only=only)
        _show(report)
        if file:
            _replace(file, json.dumps(report.as_dict(), indent=2) + "\n")
    tolerated = report.state == "failed" and not workflow.workflow_config.raise_on_error
    succeeded = tolerated or report.state in ("success", "partialSuccess")
    return SUCCESS if succeeded else FAILED


@contextmanager
def _report_file(arguments: argparse.Namespace, catalogue: Path | None) -> Iterator[IO[str] | None]:
    """The file of `--report`, ready to be written: a wrong path is found out before the run, not after it."""
    path: Path | None = arguments.report
    if not path:
        yield None
        return
    if arguments.target:
        path = path.with_name(f"{path.stem}.{arguments.target}{path.suffix}")
    if any(_is_same(path, taken) for taken in (arguments.config, catalogue) if taken):
        raise FixFile("the report would replace a file of this run", where=str(path), remedy="Give it another name")
    try:
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        remedy = "Give `--report` a path that can be written"
        raise FixFile(
            "the report cannot be written", where=str(path), why=error.strerror or "", remedy=remedy
        ) from None
    with file:
        yield file


def _is_same(one: Path, other: Path) -> bool:
    if os.path.exists(one) and os.path.exists(other):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def _replace(file: IO[str], text: str) -> None:
    try:
        with file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # a pipe or a device has no former content
                file.truncate(0)
            file.write(text)
    except OSError as error:
        raise OSError(error.errno, error.strerror, file.name) from None


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """The first Ctrl-C or SIGTERM ends the run in order, a second Ctrl-C at once."""
    stop = threading.Event()

    def end(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress(level: str, with_names: Callable[[str], str]) -> Iterator[Callable[[RunReport], None]]:
    """A bar on a terminal, a line every tenth of the work elsewhere."""
    if sys.stderr and sys.stderr.isatty():
        with _bar(level, with_names) as show:
            yield show
        return
    _log_to(logging.StreamHandler(), level, _WithNames(LOG_FORMAT, with_names))
    from .engine.run.report import tenths

    _say("listing the streams")
    yield tenths(lambda done, kept: _say(f"{done} of {kept} streams"))


@contextmanager
def _bar(level: str, with_names: Callable[[str], str]) -> Iterator[Callable[[RunReport], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from .engine.run.report import progress as streams

    console = Console(stderr=True, emoji=False)
    _log_to(logging.StreamHandler(_Above(console)), level, _WithNames(LOG_FORMAT, with_names))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("listing", total=None)

        def show(report: RunReport) -> None:
            done, kept = streams(report)
            progress.update(task, completed=done, total=kept or None, description="streams" if kept else "listing")

        yield show


class _Above:
    """A stream that prints above a bar. The terminal breaks its lines, not we: an address stays whole."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> None:
        self._console.print(text, end="", soft_wrap=True, highlight=False, markup=False)


class _WithNames(logging.Formatter):
    """Shows what came from the environment by its name."""

    def __init__(self, layout: str, with_names: Callable[[str], str]) -> None:
        super().__init__(layout)
        self._with_names = with_names

    def format(self, record: logging.LogRecord) -> str:
        return self._with_names(super().format(record))


def _log_to(handler: logging.Handler, level: str, formatter: logging.Formatter) -> None:
    handler.setFormatter(formatter)
    logger = logging.getLogger(__package__)
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(level)


def _show(report: RunReport) -> None:
    from rich.console import Console
    from rich.table import Table

    from .engine.run.report import ending, place, problems, rows

    table = Table("", "", show_header=False)
    for label, value in rows(report):
        table.add_row(label, value)
    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    for part in (*ending(report), table, *place(report), *problems(report)):
        console.print(part)


def validate_command(arguments: argparse.Namespace) -> int:
    from .deployment.validation import validate

    results = validate(arguments.paths, _fence(arguments))
    if arguments.format == "json":
        print(json.dumps([result.as_dict() for result in results], indent=2))
    else:
        for result in results:
            for fault in result.faults:
                print(fault)
            for fault in result.advice:
                print(f"warning: {fault}")
            if not result.faults:
                print(f"{result.file}: ok" + (f", runs at {result.cron}" if result.cron else ""))
    return BAD_FILE if any(result.faults for result in results) else SUCCESS


def list_command(arguments: argparse.Namespace) -> int:
    workflow = _loaded(arguments)
    from .engine.run.pipeline import source_of
    from .engine.workflow.filters import stream_filter

    keep = stream_filter(workflow.metadata.topic_filter_pattern)
    counts = {True: 0, False: 0}
    for stream in source_of(workflow, threading.Event()).streams():
        verdict = keep(stream.name)
        counts[verdict.kept] += 1
        reason = f"  ({verdict.pattern})" if verdict.pattern else ""
        print(f"{'kept' if verdict.kept else 'filtered':<9} {stream.name}{reason}")
    print(f"{counts[True]} kept, {counts[False]} filtered", file=sys.stderr)
    return SUCCESS


def diff_command(arguments: argparse.Namespace) -> int:
    workflow = _loaded(arguments)
    from .engine.run.diff import adopt, difference

    if arguments.adopt:
        for name, arn in adopt(workflow, arguments.adopt).items():
            print(f"recorded: {name} was the topic of {arn}. The next run may delete it")
        return SUCCESS
    level = workflow.workflow_config.logger_level
    with _stop_on_signals() as stop, _progress(level, arguments.with_names) as progress:
        arguments.stopped = stop
        found = difference(workflow, stop=stop, progress=progress)
    from rich.console import Console

    from .engine.run.diff_text import problems, tree
    from .engine.run.report import ending

    # As wide as its lines: a terminal breaks them itself, and an address stays whole in a file.
    console = Console(width=LONGEST_LINE, highlight=False, markup=False, emoji=False)
    for part in (*ending(found.report), tree(found), *problems(found)):
        console.print(part)
    return FAILED if found.report.fatal else SUCCESS


def sample_command(arguments: argparse.Namespace) -> int:
    workflow = _loaded(arguments)
    from .engine.run.pipeline import look

    messages, schema, window = look(workflow, arguments.stream)
    for message in messages:
        print(_printable(message.text))
        remarks = ", ".join([*message.layers, *([message.note] if message.note else [])])
        if remarks:
            print(f"    ({remarks})", file=sys.stderr)
    print(window, file=sys.stderr)
    if schema:
        from rich.console import Console

        console = Console(highlight=False, markup=False, emoji=False, stderr=True)
        console.print(f"{schema.kind} schema, shared by {schema.agreed} of {schema.total} messages")
        console.print(field_tree(schema))
    return SUCCESS


def field_tree(schema: MessageSchema) -> Tree:
    """The fields of a schema as rich draws them."""
    from rich.tree import Tree

    def grow(tree: Tree, fields: tuple[Field, ...]) -> Tree:
        for field in fields:
            grow(tree.add(_labelled(field)), field.children)
        return tree

    root = schema.fields[0] if schema.fields else None
    return grow(Tree(_labelled(root)), root.children) if root else Tree(schema.text)


def _labelled(field: Field) -> str:
    """One line, also for a key that holds a line end or half a surrogate pair."""
    label = f"{field.name}  {field.display or field.type}"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in label)


def _printable(text: str) -> str:
    """As it is for a file or another program; on a terminal, nothing in a record may take control of it."""
    if not (sys.stdout and sys.stdout.isatty()):
        return text
    return UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)


def test_connection_command(arguments: argparse.Namespace) -> int:
    workflow = _loaded(arguments, writes=True)
    from .engine.run import checks

    failed = False
    for step in checks.run(workflow):
        failed = failed or step.status == "failed"
        print(f"{step.status:<8} {step.name}" + (f": {step.message}" if step.message else ""), flush=True)
        if step.remedy:
            print(f"         {step.remedy}")
    return FAILED if failed else SUCCESS


def schema_command(_: argparse.Namespace) -> int:
    from .engine.workflow.models import json_schema

    print(json.dumps(json_schema(), indent=2))
    return SUCCESS


def policy_command(arguments: argparse.Namespace) -> int:
    from .engine.aws.policy import policy, policy_of

    asked = {name: getattr(arguments, name) for name in ("kms", "glue", "tags", "lineage", "writers")}
    if arguments.config:
        from .engine.workflow.loading import load

        if asked["tags"] or asked["lineage"] or asked["writers"]:
            raise FixFile("the file says which tags and flows it asks for", where="-c", remedy="Give it alone")
        workflow = load(arguments.config, fence=_fence(arguments))
        found = policy_of(workflow, kms=arguments.kms, glue=arguments.glue)
    else:
        found = policy(**asked)
    print(json.dumps(found, indent=4))
    return SUCCESS


def events_command(arguments: argparse.Namespace) -> int:
    from .engine.aws.event_rule import Queue, setup
    from .engine.workflow.loading import load
    from .engine.workflow.targets import each_target

    workflow = load(arguments.config, fence=_fence(arguments))
    if workflow.airflow_config.events is None:
        remedy = "Add `airflowConfig.events.queueUrl`, the URL of an SQS queue"
        raise FixFile("this file names no queue", where=str(arguments.config), remedy=remedy)
    queue = Queue.of(workflow.airflow_config.events.queue_url)
    found = setup(queue, each_target(workflow)[0].region or "us-east-1")
    print(json.dumps(found[arguments.part] if arguments.part else found, indent=4))
    return SUCCESS


def flows_command(arguments: argparse.Namespace) -> int:
    workflow = _loaded(arguments)
    from .engine.model import grouped
    from .engine.run.flows import NOTHING_ASKED, find_flows, tree

    if not (workflow.options.lineage.readers or workflow.options.lineage.writers):
        _say(NOTHING_ASKED)
    with _stop_on_signals() as stop:
        arguments.stopped = stop
        found = find_flows(workflow, stop)
    for stream in found.streams:
        for line in tree(stream):
            print(_printable(line))
    for group in grouped(found.problems):
        _say(f"warning: {group}")
    return SUCCESS


def deploy_command(arguments: argparse.Namespace) -> int:
    from .deployment.deploy import deploy

    deployed = deploy(arguments.file, arguments.folder, _fence(arguments), create=arguments.create)
    print(f"deployed: {deployed.path}")
    for fault in deployed.advice:
        print(f"warning: {fault}")
    _announce(deployed.path, arguments)
    return SUCCESS


def _announce(file: Path, arguments: argparse.Namespace) -> None:
    """Show the pipeline in OpenMetadata from now on. The file is what counts: it stays, whatever the server says."""
    from .engine.run import pipeline
    from .engine.workflow.document import read
    from .engine.workflow.loading import Runtime, check, load, one_target
    from .engine.workflow.targets import each_target

    rewrite: Callable[[str], str] = str
    try:
        whole = load(file, fence=_fence(arguments))
        for target in each_target(whole) if whole.destination.type == "metadata-rest" else ():
            document = one_target(read(file), file.stem, target.key)
            workflow = check(document, file.stem, Runtime(os.environ), _fence(arguments))
            rewrite = workflow.origins.with_names
            pipeline.announce(workflow)
    except IngestError as error:
        _say(f"warning: OpenMetadata shows this pipeline from its first run on. {error.rewritten(rewrite)}")


def undeploy_command(arguments: argparse.Namespace) -> int:
    from .deployment.deploy import undeploy

    print(f"taken away: {undeploy(arguments.name, arguments.folder)}")
    return SUCCESS


def pools_command(arguments: argparse.Namespace) -> int:
    from .deployment.pools import SLOTS, pools

    make: Callable[[Sequence[str]], Iterator[str]] | None = getattr(arguments, "make_pools", None)
    if arguments.apply and make is None:
        raise FixFile("pools are in Airflow's database", remedy="Run `airflow kinesis-ingest pools --apply`")
    found = pools(arguments.folder)
    for pool in found.needed:
        print(f"{pool.name}  {SLOTS} slot  {', '.join(pool.members)}")
    for line in make([pool.name for pool in found.needed]) if make and arguments.apply else ():
        print(line)
    for pool in found.needed:
        for who in pool.outside:
            _say(f"warning: {who} is not in {pool.name}: add `airflowConfig.pool: per-account`")
    for who in found.unknown:
        _say(f"warning: {who} is left out: the file does not say its account and region. Add `options.account`")
    for file in found.faulty:
        _say(f"warning: {file} is left out: it has faults, which `validate` lists")
    return BAD_FILE if found.faulty else SUCCESS


def import_command(arguments: argparse.Namespace) -> int:
    from .deployment.take_over import Told, take_over

    def tell(told: Told) -> None:
        if told.text:
            print(_printable(told.text))
        _say(told)

    complete = take_over(
        arguments.server,
        arguments.token_file,
        arguments.folder,
        services=arguments.services or (),
        write=not arguments.dry_run,
        tell=tell,
    )
    return SUCCESS if complete else FAILED


def demo_command(arguments: argparse.Namespace) -> int:
    from .demo.run import demo

    return demo(once=arguments.once)


if __name__ == "__main__":
    sys.exit(main())
