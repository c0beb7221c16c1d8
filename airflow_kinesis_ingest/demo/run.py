"""The embedded demo: an AWS on this machine with a dozen streams in it, Airflow, one workflow, its catalogue."""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import shlex
import shutil
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..deployment.loader import ensure_loader
from ..engine.lineage.flow import Flow, Opaque
from ..engine.run.flows import StreamFlows, tree
from ..errors import FixFile
from .around import around_the_streams, endpoints
from .surroundings import serving

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

REGION = "eu-west-1"
KEYS = {"DEMO_ACCESS_KEY": "demo-access-key", "DEMO_SECRET_KEY": "demo-secret-key"}
CATALOGUE = "demo.catalogue.jsonl"
PAGE = "page"
VARIABLES = "variables.sh"
PROGRESS_EVERY = 10.0
DAGS = Path(__file__).parents[2] / "dags"

ORDERS = [
    {"id": 1000 + n, "customer": {"name": f"Customer {n}", "country": "DE"}, "amount": 9.5 * n, "paid": n % 2 == 0}
    for n in range(80)
]


def demo(*, once: bool) -> int:
    """Run the demo's pipeline in a real Airflow; 0 if it succeeded. once: do not wait for Ctrl-C at the end."""
    if not DAGS.is_dir():
        raise FixFile("the demo runs from a checkout of the repository", remedy="Clone it, then: make demo")
    home = Path.cwd() / ".demo"
    shutil.rmtree(home, ignore_errors=True)
    with _timed("A local Kinesis starts"), ExitStack() as started:
        variables = started.enter_context(local_aws())
        kept = started.pop_all()
    with kept:
        return _in_airflow(home, variables, once=once)


def writable(folder: Path) -> dict[str, str]:
    """Airflow's settings for a second bundle, in this folder, whose workflow files the page in Airflow writes."""
    ensure_loader(folder)
    local = "airflow.dag_processing.bundles.local.LocalDagBundle"
    bundles = [
        {"name": "dags-folder", "classpath": local, "kwargs": {}},
        {"name": PAGE, "classpath": local, "kwargs": {"path": str(folder)}},
    ]
    return {
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        "AIRFLOW__KINESIS_INGEST__PAGE_BUNDLE": PAGE,
    }


def _in_airflow(home: Path, variables: dict[str, str], *, once: bool) -> int:
    from .standalone import AirflowFailed, airflow

    environment = {**variables, **writable(home / PAGE)}
    try:
        with ExitStack() as running:
            with _timed("Airflow starts") as progress:
                started = running.enter_context(airflow(home, DAGS, environment=environment, progress=progress))
            with _timed("The pipeline `demo` is deployed") as progress:
                started.wait(lambda: started.call("GET", "/dags/demo"), "the DAG `demo`", progress=progress)
            with _timed("It is switched on, and runs") as progress:
                # Not before: the scheduler, up earlier than the API, would make a run whose task cannot report to it.
                started.unpause("demo")
                run_id = started.first_run("demo", progress)
                state = started.await_run("demo", run_id, progress=progress)
            if state != "success":
                say(started.log("demo", run_id, "ingest"))
                say(f"The run {run_id} is {state}; what Airflow itself says is in {home / 'standalone.log'}")
                return 1
            show(home / CATALOGUE)
            say(f"Airflow: {started.url}/dags/demo   user {started.user}, password {started.password}")
            if not once:
                say(f"Beside it: {beside(home / VARIABLES, variables)}")
                wait_for_ctrl_c("Ctrl-C ends it all.")
    except AirflowFailed as error:
        say(str(error))
        return 1
    return 0


def beside(file: Path, variables: Mapping[str, str]) -> str:
    """The line for a shell that runs the demo's workflow by the command line. Writes the variables into the file."""
    file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))
    workflow, command = DAGS / "workflows" / "demo.yaml", Path(sys.executable).with_name("kinesis-ingest")
    return f". {_short(file)}; {_short(command)} flows -c {_short(workflow)}"


def _short(path: Path) -> str:
    """From the working directory on, where it is below that."""
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


@contextmanager
def _timed(what: str) -> Iterator[Callable[[str], None]]:
    """Say what happens, with the seconds it takes. Who waits says for what by calling what is yielded, as often as it
    likes: shown in place on a terminal, elsewhere as a line every ten seconds.
    """
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    started = time.monotonic()
    if console.is_terminal:
        with console.status(what) as status:
            yield lambda awaited: status.update(f"{what}: waiting for {awaited}, {time.monotonic() - started:.0f} s")
    else:
        yield _now_and_then(lambda text: console.print(f"{what}: {text}"))
    console.print(f"{what}: {time.monotonic() - started:.0f} s")


def _now_and_then(show: Callable[[str], None]) -> Callable[[str], None]:
    started = shown = time.monotonic()

    def progress(awaited: str) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= PROGRESS_EVERY:
            shown = now
            show(f"waiting for {awaited}, {now - started:.0f} s so far")

    return progress


def say(text: str) -> None:
    from rich.console import Console

    Console(soft_wrap=True, highlight=False).print(text, markup=False)


@contextmanager
def local_aws(host: str = "127.0.0.1", port: int = 0, around_port: int = 0) -> Iterator[dict[str, str]]:
    """A Kinesis, and the services around its streams. Yields the variables by which the demo's workflow finds them."""
    around = serving(around_the_streams(REGION), host, around_port)
    with local_kinesis(host, port) as url, around as around_url:
        yield {**KEYS, "DEMO_KINESIS": url, **endpoints(around_url)}


@contextmanager
def local_kinesis(host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """A moto server with the demo's streams; port 0 takes a free one. Yields its URL on this machine."""
    try:
        from moto.server import ThreadedMotoServer
    except ImportError:
        raise FixFile("the demo needs moto", remedy="Install it: pip install 'airflow-kinesis-ingest[demo]'") from None
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address=host, port=port, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    try:
        url = f"http://127.0.0.1:{port}"
        fill(url)
        yield url
    finally:
        server.stop()


def fill(url: str) -> None:
    """Make the demo's streams on the Kinesis at `url`."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "kinesis",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=KEYS["DEMO_ACCESS_KEY"],
        aws_secret_access_key=KEYS["DEMO_SECRET_KEY"],
        config=Config(proxies={}),  # HTTP_PROXY is for what is not on this machine
    )
    for name, payloads in streams().items():
        on_demand = name == "web.clicks"
        mode: Any = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}} if on_demand else {"ShardCount": 2}
        client.create_stream(StreamName=name, **mode)
        _await_active(client, name)
        put(client, name, payloads)
    client.increase_stream_retention_period(StreamName="orders", RetentionPeriodHours=168)
    _reshard(client, "payments")


def streams() -> dict[str, Sequence[bytes]]:
    """Name -> payloads."""
    event = {"messageType": "DATA_MESSAGE", "logGroup": "/app", "logEvents": [{"id": "1", "message": "started"}]}
    return {
        "orders": [json.dumps(order).encode() for order in ORDERS],
        "orders.returns": [json.dumps({"order": n, "reason": "too small"}).encode() for n in range(5)],
        "web.clicks": [json.dumps({"page": f"/p/{n}", "at": f"2026-11-01T10:00:{n:02d}Z"}).encode() for n in range(30)],
        "payments": [json.dumps({"payment": n, "iban": "DE89370400440532013000"}).encode() for n in range(20)],
        "stock.csv": [f"sku-{n},{n * 3},Köln".encode() for n in range(10)],
        "app-logs": [gzip.compress(json.dumps(event).encode(), mtime=0)],
        "sensors": [struct.pack("<If", n, 20.5 + n) + b"\xff" for n in range(4)],
        "greetings": ["Привет".encode(), "こんにちは".encode(), "🙂".encode()],
        "tokens": [b"aGVsbG8=", b"{}", b"12345"],
        "empty": [],
        "audit": [json.dumps({"who": "anna", "did": "login", "ip": "203.0.113.7"}).encode()],
        "_internal.heartbeat": [b"ok"],
    }


def put(client: KinesisClient, name: str, payloads: Sequence[bytes]) -> None:
    for index, payload in enumerate(payloads):
        client.put_record(StreamName=name, Data=payload, PartitionKey=str(index))


def _reshard(client: KinesisClient, name: str) -> None:
    client.update_shard_count(StreamName=name, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    _await_active(client, name)


def _await_active(client: KinesisClient, name: str) -> None:
    def active() -> bool:
        return client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE"

    wait_for(active, f"the stream {name}")


def wait_for(condition: Callable[[], bool], what: str, limit: float = 300.0) -> None:
    """Return once the condition holds. Raises TimeoutError after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {limit:.0f} s")
        time.sleep(0.05)


def show(catalogue: Path) -> None:
    """Print a catalogue file as a table, and below it what flows through the streams."""
    from rich.console import Console
    from rich.table import Column, Table

    first_message = Column("first message", no_wrap=True, overflow="ellipsis", max_width=44)
    table = Table("topic", "partitions", "retention", "schema", "messages", first_message, title=catalogue.name)
    entries = [json.loads(line) for line in catalogue.read_text(encoding="utf-8").splitlines()]
    for entry in entries:
        messages = entry.get("sampleData", {}).get("messages", [])
        hours = entry["retentionTime"] // 3_600_000
        first = messages[0] if messages else "-"
        schema = entry.get("messageSchema", {}).get("schemaType", "-")
        table.add_row(entry["name"], str(entry["partitions"]), f"{hours} h", schema, str(len(messages)), first)
    Console(width=max(110, Console().width)).print(table, markup=False)
    for entry in entries:
        if entry.get("flows"):
            say("\n".join(tree(_flowing(entry))))


def _flowing(entry: Mapping[str, Any]) -> StreamFlows:
    """A line of a catalogue file, as `kinesis-ingest flows` shows its stream."""
    flows = [
        Flow(
            each["part"],
            each.get("arn", ""),
            each["name"],
            "",
            each["direction"],
            tuple(map(Opaque, each["ends"])),
            each.get("active"),
        )
        for each in entry["flows"]
    ]
    tags = tuple(label["tagFQN"] for label in entry.get("tags", ()))
    writers, readers = (tuple(each for each in flows if each.direction == way) for way in ("writes", "reads"))
    return StreamFlows(entry["name"], tags, writers, readers)


def serve() -> None:
    """Only the AWS, for a container; with --show, only the table of a catalogue file."""
    parser = argparse.ArgumentParser(description=serve.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--around-port", type=int, default=5001, help="of the services around Kinesis")
    parser.add_argument("--show", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    if arguments.show:
        show(arguments.show)
        return
    with local_aws(arguments.host, arguments.port, arguments.around_port) as variables:
        wait_for_ctrl_c("\n".join(f"{name}={value}" for name, value in variables.items()))


def wait_for_ctrl_c(message: str) -> None:
    say(message)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return
