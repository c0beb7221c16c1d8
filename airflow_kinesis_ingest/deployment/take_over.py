"""The command `import`: from an OpenMetadata server into a folder of workflow files, one by one, none overwritten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from ..engine.catalogue.agents import Inventory, inventory
from ..engine.catalogue.client import OpenMetadata
from ..engine.workflow.models import OpenMetadataServer, SecurityConfig
from ..errors import FixFile
from .claims import head
from .deploy import names_in, put_new
from .importing import JWT, Draft, drafts, marker, other_pipelines

RETRY_FOR = 4.0  # seconds: somebody waits at a terminal


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a person is told. text: of a whole file, where it is shown instead of written."""

    line: str
    text: str = ""

    def __str__(self) -> str:
        return self.line


def take_over(
    server: str,
    token_file: Path,
    folder: Path,
    *,
    services: Collection[str] = (),
    write: bool = True,
    tell: Callable[[Told], None],
) -> bool:
    """Write a file for each pipeline of metadata of the Kinesis services (of these, if named).

    Returns whether all of them have a file now, new ones or those that were there. Raises FixFile for a wrong
    argument, Unreachable, CatalogueRefused or NotAllowed where the server does not tell, and writes nothing then.
    """
    if write and not folder.is_dir():
        raise FixFile("there is no such folder", where=str(folder), remedy="Make it, or name another one")
    connection = _connection(server, token_file)
    found = inventory(OpenMetadata(connection, stop=threading.Event(), retry_for=RETRY_FOR))
    _check_services(found, services, connection.host_port)
    names = names_in(folder)
    chosen = [each for each in drafts(found, connection.host_port, names) if not services or each.service in services]
    written = [each for each in chosen if _put(each, folder, names, tell, write=write)]
    for line in _remaining(found, services, written):
        tell(Told(line))
    return not any(each.faults for each in chosen)


def _connection(server: str, token_file: Path) -> OpenMetadataServer:
    try:
        token = token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or "") if isinstance(error, OSError) else "it is not text"
        remedy = "Name a file that holds a bot's JWT: Settings > Bots > ingestion-bot"
        raise FixFile("the file of the token cannot be read", where=str(token_file), why=why, remedy=remedy) from None
    if not token:
        raise FixFile("the file of the token is empty", where=str(token_file), remedy="Put a bot's JWT into it")
    address = server.rstrip("/") + ("" if urlsplit(server).path.strip("/") else "/api")
    try:
        connection = OpenMetadataServer.model_validate({"hostPort": address})
    except ValidationError:
        remedy = "Write it like http://localhost:8585/api, without user and password"
        raise FixFile("this is not the address of a server", where="--server", remedy=remedy) from None
    # Not through the check: a token that looks like a path would be taken for one.
    return connection.model_copy(update={"security_config": SecurityConfig(jwtToken=SecretStr(token))})


def _check_services(found: Inventory, wanted: Collection[str], address: str) -> None:
    there = sorted(str(agents.service["name"]) for agents in found.kinesis)
    if not there:
        remedy = "Check `--server`; write a workflow file as in the README: its first run makes the service"
        raise FixFile("this server has no messaging service of type Kinesis", where=address, remedy=remedy)
    missing = [name for name in wanted if name not in there]
    if missing:
        what = f"there is no Kinesis service {', '.join(missing)}"
        raise FixFile(what, where=address, remedy=f"There are: {', '.join(there)}")


def _put(draft: Draft, folder: Path, names: dict[str, str], tell: Callable[[Told], None], *, write: bool) -> bool:
    """Whether the draft is a new file now, or would be."""
    target = folder / f"{draft.name}.yaml"
    if draft.faults:
        tell(Told("\n".join(["not imported:", *(f"  {fault}" for fault in draft.faults)])))
        return False
    there = _imported_before(draft, names) or names.get(draft.name)
    if there is None and not write:
        tell(Told(f"would be written: {target}, from {draft.origin}", draft.text))
        return True
    if there is None and put_new(draft.text.encode(), target):
        tell(Told(f"written: {target}, from {draft.origin}"))
        return True
    tell(Told(f"left as it is: {there or target}, for {draft.origin}"))
    return False


def _imported_before(draft: Draft, names: dict[str, str]) -> str | None:
    line = marker(draft.origin).encode()
    return next((file for file in names.values() if head(file).split(b"\n", 1)[0].rstrip() == line), None)


def _remaining(found: Inventory, services: Collection[str], written: list[Draft]) -> Iterator[str]:
    """What is left for a person to do."""
    for agents in found.kinesis:
        others = other_pipelines(agents)
        if others and (not services or agents.service["name"] in services):
            yield f"not imported, of {agents.service['name']}: {', '.join(others)}"
    for draft in written:
        yield from (f"{draft.name}: {note}" for note in draft.notes)
    names = dict.fromkeys(name for draft in written for name in draft.secrets)
    if names:
        yield "Set these where runs start, or name Airflow connections in the files (`connections`):"
        yield from (f"  {name}" + ("  a bot's JWT" if name == JWT else "") for name in names)
    off = [draft.switch_off for draft in written if draft.switch_off]
    if off:
        yield "Switch these off in OpenMetadata, or two write the same topics:"
        yield from (f"  {line}" for line in off)
    if written:
        yield "See what a first run would change: kinesis-ingest diff -c FILE"
