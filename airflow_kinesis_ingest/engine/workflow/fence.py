"""What workflow files may reach: the allow-lists of those who run Airflow, for files that others write.

Whoever may write Python into the dags folder may run any code as the worker, and no fence holds them. It is for those
who may write workflow files alone. Here it is data: who starts a run or a check reads it from the configuration.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from ...errors import Fault
from .document import Document, Place, value_at
from .field_types import PLACEHOLDER
from .models import (
    AWS_BLOCK,
    CONNECTION_BLOCKS,
    SECURITY_BLOCK,
    SERVER_BLOCK,
    SecurityConfig,
    Workflow,
    is_replaced,
)
from .notifiers import added
from .origins import texts_in
from .providers import paths_in, urls_in
from .targets import each_target

SECTION = "kinesis_ingest"
EVERYTHING = ("*",)
VARIABLES, TOKEN_FOLDERS, HOSTS = "allowed_variables", "allowed_token_folders", "allowed_hosts"
"""The options of Airflow's configuration: glob patterns between commas or blanks; `*` by default, nothing if empty."""

NOTIFIERS = "notifiers"
"""The option that adds to the known ones."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Glob patterns of what is allowed: ("*",), the default, allows everything and () nothing.

    variables: the names that `${NAME}` may have. token_folders: where, at any depth, a file lies that `jwtToken`,
    `secretKey` or `privateKey` may name; the file itself and what links lead to. hosts: names or addresses that
    `hostPort`, `endPointURL`, `queueUrl` and what gives tokens may have, `host` or `host:port`. AWS's own hosts, which
    a region stands for, are always allowed. notifiers: the names, and no patterns, that `airflowConfig.onFailure` may
    have beside the known ones; one that is none of them is worth a warning.
    """

    variables: tuple[str, ...] = EVERYTHING
    token_folders: tuple[str, ...] = EVERYTHING
    hosts: tuple[str, ...] = EVERYTHING
    notifiers: tuple[str, ...] = ()

    @classmethod
    def of(cls, option: Callable[[str], str | None]) -> Fence:
        """option: the text of one of the options; None where it is not set."""
        patterns = (_patterns(option(name)) for name in (VARIABLES, TOKEN_FOLDERS, HOSTS))
        return replace(cls(*patterns), notifiers=tuple(added(option(NOTIFIERS) or "")))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Fence:
        """As Airflow reads its options from the environment, for where there is no Airflow."""
        return cls.of(lambda name: environ.get(f"AIRFLOW__{SECTION}__{name}".upper()))

    def allows_variable(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.variables)

    def allows_token_file(self, path: str) -> bool:
        """The path as it is written must lie inside, and what it leads to as well: no link leads out of the fence."""
        file = os.path.abspath(os.path.expanduser(path))
        return self.token_folders == EVERYTHING or (self._is_inside(file) and self._is_inside(os.path.realpath(file)))

    def _is_inside(self, file: str) -> bool:
        folders = {form for each in self.token_folders for form in (each.rstrip("/"), os.path.realpath(each))}
        return any(fnmatchcase(above, folder) for above in _above(file) for folder in folders)

    def allows_url(self, url: str) -> bool:
        """url: of http or https, as `is_url` and the checks of its field take it."""
        if self.hosts == EVERYTHING:
            return True
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        port = re.search(r":(\d+)$", parts.netloc)
        forms = (host, f"{host}:{port[1] if port else {'http': 80, 'https': 443}[parts.scheme]}")
        patterns = [each.lower() for each in self.hosts if _IPV4.fullmatch(host) or not _OF_IPV4.fullmatch(each)]
        return any(fnmatchcase(form, pattern) for form in forms for pattern in patterns)


_IPV4 = re.compile(r"[0-9.]+")
_OF_IPV4 = re.compile(r"[0-9][0-9.*?]*(:.*)?")
"""A pattern of addresses alone: anybody may own a name like 10.0.0.1.example.com, which `10.0.0.*` takes as a text."""

OPEN = Fence()


def _patterns(text: str | None) -> tuple[str, ...]:
    return EVERYTHING if text is None else tuple(filter(None, re.split(r"[\s,]+", text)))


def _above(file: str) -> Iterator[str]:
    folder = os.path.dirname(file)
    while True:
        yield folder
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return


def forbidden_variables(document: Document, fence: Fence) -> Iterator[Fault]:
    """The `${NAME}`s that would be replaced and that the fence does not allow. None of them is looked up."""
    for block in (*CONNECTION_BLOCKS, ("targets",)) if fence.variables != EVERYTHING else ():
        for place, text in texts_in(value_at(document.data, block), block):
            names = PLACEHOLDER.findall(text) if isinstance(text, str) and is_replaced(place) else []
            for name in names:
                if not fence.allows_variable(name):
                    yield _outside(document, place, f"the variable {name}", VARIABLES)


def forbidden_places(document: Document, workflow: Workflow, fence: Fence) -> Iterator[Fault]:
    """The hosts and the files of secrets that the fence does not allow. What holds a `${NAME}` waits for its value."""
    if fence == OPEN:
        return
    connection, server = workflow.source.service_connection, workflow.workflow_config.open_metadata_server_config
    targets = each_target(workflow) if workflow.targets else ()
    security = (server and server.security_config) or SecurityConfig.model_construct()
    urls: list[tuple[Place, str | None]] = [(("targets",), one.workflow.aws.endpoint_url) for one in targets]
    if connection:
        urls.append(((*AWS_BLOCK, "endPointURL"), connection.config.aws_config.endpoint_url))
    if server:
        urls.append(((*SERVER_BLOCK, "hostPort"), server.host_port))
    if events := workflow.airflow_config.events:
        urls.append((("airflowConfig", "events", "queueUrl"), events.queue_url))
    urls += [((*SECURITY_BLOCK, field), url) for field, url in urls_in(security)]
    for place, url in urls:
        if url and not PLACEHOLDER.search(url) and not fence.allows_url(url):
            yield _outside(document, place, "this host", HOSTS)
    for field, path in paths_in(server) if server else ():
        if not fence.allows_token_file(path):
            yield _outside(document, (*SECURITY_BLOCK, field), "the folder of this file", TOKEN_FOLDERS)


def _outside(document: Document, place: Place, what: str, option: str) -> Fault:
    problem = f"{what} is not among those that workflow files may use"
    remedy = f"Use another, or let who runs Airflow add it to `[{SECTION}] {option}`"
    return document.fault(place, problem, remedy)
