"""Checking many workflow files: all faults of all files, and names that two of them claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..engine.workflow.disclosure import advice
from ..engine.workflow.document import Document, Position, read
from ..engine.workflow.fence import OPEN, Fence
from ..engine.workflow.loading import check
from ..engine.workflow.models import Workflow
from ..engine.workflow.targets import each_target
from ..errors import Fault, WorkflowError
from .files import workflow_files
from .names import Named, shared, sharing

APART = "Give each account and region a service of its own: a run writes no topic of another one"


@dataclass(frozen=True, slots=True)
class Written:
    """A service that a file writes, and from where. catalogue: which one, as the file says it."""

    catalogue: str
    service: str
    account: str | None
    region: str
    at: Position

    @property
    def origin(self) -> str:
        return (
            f"{self.account or 'an account that it does not say'} in {self.region or 'a region that it does not say'}"
        )

    def is_elsewhere(self, other: Written) -> bool:
        """Whether both say where they are from, and it is not the same."""
        regions, accounts = {self.region, other.region} - {""}, {self.account, other.account} - {None}
        return len(regions) == 2 or len(accounts) == 2


@dataclass(frozen=True, slots=True)
class Checked:
    """One file: its pipeline's name ("" if it has faults) and where it stands, what is wrong, what is only unwise; and
    the services that it writes.

    cron: when it runs, of one that `airflowConfig.spread` moved; "" for others.
    """

    file: str
    name: str = ""
    name_at: Position = (1, 1)
    cron: str = ""
    faults: tuple[Fault, ...] = ()
    advice: tuple[Fault, ...] = ()
    services: tuple[Written, ...] = field(default=(), compare=False)

    def as_dict(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "services"}


def validate(paths: Sequence[Path], fence: Fence = OPEN) -> list[Checked]:
    """Check files, and every .yaml, .yml and .json file in folders, in the order of their names."""
    return with_shared_services(_with_shared_names([checked for path in paths for checked in _checked(path, fence)]))


def _checked(path: Path, fence: Fence) -> Iterator[Checked]:
    if not path.is_dir():
        yield _one(path, fence)
        return
    files = workflow_files(path)
    if not files:
        fault = Fault(str(path), 0, 0, "", "no workflow file is in this folder", "Name a folder with .yaml files")
        yield Checked(str(path), faults=(fault,))
    yield from (_one(file, fence) for file in files)


def remembered(folder: Path) -> list[Checked]:
    """The files of a folder, each read again only after it was changed: for who asks with every key that is typed."""
    return [_as_of(path, _stamp(path)) for path in workflow_files(folder)]


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:  # it is gone, or a link that leads nowhere
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size


@lru_cache(maxsize=4096)
def _as_of(path: Path, _: tuple[int, ...]) -> Checked:
    return _one(path, OPEN)


def _one(path: Path, fence: Fence) -> Checked:
    try:
        document = read(path)
        workflow = check(document, path.stem, fence=fence)
    except WorkflowError as error:
        return Checked(str(path), faults=error.faults)
    return described(document, workflow, str(path), fence)


def described(document: Document, workflow: Workflow, file: str, fence: Fence = OPEN) -> Checked:
    """What is known of a file without faults."""
    config = workflow.airflow_config
    return Checked(
        file,
        workflow.name,
        document.position(("name",)),
        (config.cron_of(workflow.name) or "") if config.spread else "",
        advice=tuple(advice(document, workflow, fence)),
        services=tuple(_written(document, workflow)),
    )


def _written(document: Document, workflow: Workflow) -> Iterator[Written]:
    at = document.position(("targets",) if workflow.targets else ("source", "serviceName"))
    for target in each_target(workflow):
        service = target.workflow.source.service_name
        yield Written(_catalogue(target.workflow), service, target.account, target.region, at)


def _catalogue(workflow: Workflow) -> str:
    config, server = workflow.destination.config, workflow.workflow_config.open_metadata_server_config
    if workflow.destination.type == "file":
        return f"file {(config and config.path) or workflow.name}"
    return f"connection {workflow.connections.openmetadata}" if server is None else server.host_port


def with_shared_services(results: Iterable[Checked]) -> list[Checked]:
    """With advice where two files write one service from two accounts or regions."""
    results = list(results)
    writers = _writers(results)
    return [replace(each, advice=(*each.advice, *_shared_services(each, writers))) for each in results]


def shared_services(checked: Checked, others: Iterable[Checked]) -> tuple[Fault, ...]:
    """The same for one file alone."""
    return tuple(_shared_services(checked, _writers(others)))


Writers = Mapping[tuple[str, str], Mapping[tuple[str, str | None, str], Written]]
"""By catalogue and service: by file, account and region."""


def _writers(results: Iterable[Checked]) -> Writers:
    writers: defaultdict[tuple[str, str], dict[tuple[str, str | None, str], Written]] = defaultdict(dict)
    for result in results:
        for one in result.services:
            writers[one.catalogue, one.service][result.file, one.account, one.region] = one
    return writers


def _shared_services(checked: Checked, writers: Writers) -> Iterator[Fault]:
    for one in checked.services:
        for (file, *_), other in writers.get((one.catalogue, one.service), {}).items():
            if file != checked.file and one.is_elsewhere(other):
                problem = f"`{one.service}` is also written by {file}, from {other.origin}"
                yield Fault(checked.file, *one.at, "source.serviceName", problem, APART)
                break


def _with_shared_names(results: list[Checked]) -> Iterator[Checked]:
    by_file = {result.file: result.name for result in results if result.name}  # a file may be named twice
    owners = shared(Named(file, name) for file, name in by_file.items())
    for result in results:
        if result.name in owners:
            objection = sharing(result.name, result.file, owners[result.name])
            fault = Fault(result.file, *result.name_at, "name", *objection)
            result = replace(result, faults=(*result.faults, fault))
        yield result
