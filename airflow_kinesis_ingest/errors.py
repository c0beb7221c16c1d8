"""Every exception this package raises on purpose, grouped by what the caller does about it.

IngestError
├── FixFile                 fix the file: nothing was attempted, exit code 2
│   └── WorkflowError       every fault of one workflow file, each with file:line:column
├── Retry                   try again later: the same call may succeed
│   ├── Throttled           AWS or OpenMetadata asked for fewer calls
│   └── Unreachable         no answer, a broken answer, or a server error
│       └── ServerDown      no connection, or a 503: no call of anybody gets through
├── PlaceExpired            ask for a new place: an iterator or a paging token was too old; no stage lets it out
├── Skip                    this stream's part is lost, counted and named; the run goes on
│   ├── StreamGone          the stream vanished between two calls
│   ├── StreamNotReady      the stream is being created or deleted
│   ├── StreamDenied        AWS denies one call for this stream
│   ├── StreamUnreadable    AWS answered something no rule here covers, or too little
│   └── TopicRefused        OpenMetadata refuses this one topic
└── Abort                   the run ends now: repeating it without a change is useless
    ├── AccessDenied        AWS denies a call that the whole run needs, or the credentials are bad
    ├── CatalogueRefused    OpenMetadata does not accept the address or the token
    │   └── NotAllowed      its bot may not make this one call
    ├── DeletionRefused     more topics would be deleted than the guard allows, or of an unknown account
    └── Stopped             somebody asked the run to end
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class IngestError(Exception):
    """A failure told in four parts, each a plain sentence without secrets.

    what: the thing that did not work; where: the file, stream or call; why: the cause as far as it is
    known; remedy: what the reader should do next. actions: of AWS's IAM (`kinesis:GetRecords`), where the permission
    for them is what is missing.
    """

    def __init__(
        self, what: str, *, where: str = "", why: str = "", remedy: str = "", actions: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, where, why, remedy)
        self.what = what
        self.where = where
        self.why = why
        self.remedy = remedy
        self.actions = actions

    @property
    def cause(self) -> str:
        """What and why in one line, for a table that has a column of its own for the remedy."""
        return f"{self.what}: {self.why}" if self.why else self.what

    def rewritten(self, rewrite: Callable[[str], str]) -> Self:
        """The same error with each of its texts as `rewrite` makes it."""
        found = copy(self)
        found.what, found.where, found.why, found.remedy = map(rewrite, (self.what, self.where, self.why, self.remedy))
        found.args = (found.what, found.where, found.why, found.remedy)
        return found

    def __str__(self) -> str:
        located = f"{self.where}: {self.cause}" if self.where else self.cause
        return f"{located}. {self.remedy}" if self.remedy else located

    def __reduce__(self) -> tuple[object, ...]:
        # Exception's own pickling would call the constructor with positional arguments only.
        return _rebuild, (type(self), dict(self.__dict__), self.args)


def _rebuild(kind: type[IngestError], state: dict[str, object], args: tuple[object, ...]) -> IngestError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def without_passwords(text: str) -> str:
    """What a library says, without the user and password of an address (a proxy's) that it may repeat."""
    return re.sub(r"//.*@", "//***@", text, flags=re.DOTALL)


class FixFile(IngestError):
    """The workflow file or the command line is wrong. Exit code 2."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a workflow file.

    line and column count from 1; 0 means that the fault belongs to the file as a whole. path is the place
    inside the document (`source.serviceConnection.config.awsConfig`), empty for a syntax fault.
    """

    file: str
    line: int
    column: int
    path: str
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        subject = f"{self.path}: " if self.path else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{place}: {subject}{self.problem}.{remedy}"


MAX_FAULTS = 100


class WorkflowError(FixFile):
    """All faults of one workflow file at once, in the order of its lines; of more than 100, the first ones.

    more: how many there are beside `faults`, all of them further down.
    """

    def __init__(self, faults: list[Fault] | tuple[Fault, ...], more: int = 0) -> None:
        count = len(faults) + more
        found = sorted(faults, key=lambda fault: (fault.line, fault.column))
        if count > MAX_FAULTS:  # a megabyte of something else: its faults are not worth 15 MB of text
            follow = f"{count - MAX_FAULTS} more faults follow"
            found[MAX_FAULTS:] = [replace(found[MAX_FAULTS], path="", problem=follow, remedy="Fix these first")]
        self.faults = tuple(found)
        super().__init__(
            f"{count} fault{'s' if count > 1 else ''} in the workflow file",
            where=self.faults[0].file,
            why="; ".join(str(fault) for fault in self.faults),
            remedy="Fix the file and run `kinesis-ingest validate` on it",
        )

    def rewritten(self, rewrite: Callable[[str], str]) -> Self:
        found = super().rewritten(rewrite)
        found.faults = tuple(
            replace(fault, problem=rewrite(fault.problem), remedy=rewrite(fault.remedy)) for fault in self.faults
        )
        return found

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class Retry(IngestError):
    """The same call may succeed later.

    retry_after: seconds the server asked to wait, None when it named none.
    """

    def __init__(
        self, what: str, *, where: str = "", why: str = "", remedy: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(what, where=where, why=why, remedy=remedy)
        self.retry_after = retry_after


class Throttled(Retry):
    """AWS or OpenMetadata asked for fewer calls."""


class Unreachable(Retry):
    """No answer came, or a server error, or an answer that cannot be read."""


class ServerDown(Unreachable):
    """The server takes no connection or says that it is not available: it is not this one call that failed."""


class PlaceExpired(IngestError):
    """A shard iterator (5 minutes) or a paging token (300 s) was too old; ask for a new one."""


class Skip(IngestError):
    """One stream's part is lost; it is counted and named, and the run goes on."""


class StreamGone(Skip):
    """The stream was listed and then was not there (ResourceNotFoundException)."""


class StreamNotReady(Skip):
    """There is nothing to take of the stream now, and nothing failed: it is being created or deleted
    (ResourceInUseException, or its status says so), or is not the one that an event told of.
    """


class StreamDenied(Skip):
    """AWS denies one call for this one stream (AccessDeniedException, KMSAccessDeniedException)."""


class StreamUnreadable(Skip):
    """AWS refused a call about this stream for a reason that no rule here covers, or its answer lacks a needed fact."""


class TopicRefused(Skip):
    """OpenMetadata refused this one topic (4xx on its body)."""


class Abort(IngestError):
    """The run ends now; running it again without a change would end the same way."""


class AccessDenied(Abort):
    """AWS denies a call that the whole run needs, or does not accept the credentials."""


class CatalogueRefused(Abort):
    """OpenMetadata does not accept the address or the token."""


class NotAllowed(CatalogueRefused):
    """The token is accepted, and its bot may not make this one call (HTTP 403)."""


class DeletionRefused(Abort):
    """More topics are missing than one run may delete. Nothing was deleted."""


class Stopped(Abort):
    """The run was asked to end (Ctrl-C, or Airflow's kill)."""
