"""What the statuses of former runs tell of the last complete one. Nothing else remembers it.

A run that went through all of its streams puts, with the status that it writes anyway, a mark into that status's
`metadata`. What is not known (no such status, a server that keeps none, another workflow's) is None: then a run takes
nothing for granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ... import __version__
from ..model import RunReport
from ..workflow.models import Workflow
from .sink import digest

KEY = "kinesisIngest"
SAMPLES = "samples"
OWED_MOST = 1000
"""Streams with a problem; a run with more of them counts as none."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What a complete run tells of its samples.

    number: of the run, counted from the first after which nothing but time passed. looked: for each share of the
    streams, when the last complete run began that looked at all of its streams, in ms since 1970. basis: what the
    samples depend on besides the workflow: to a run with another one these tell nothing.
    """

    number: int
    looked: tuple[int, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class Former:
    """The last complete run of a workflow. began, ended: in ms since 1970.

    owed: the streams that it named in a problem. samples: None where it took none.
    """

    began: int
    ended: int
    owed: frozenset[str] = frozenset()
    samples: Samples | None = None


def identity(workflow: Workflow) -> str:
    """Another one where a complete run of the one says nothing about the other. No secret has a part in it."""
    parts = workflow.model_dump(mode="json", include={"source": {"service_name", "source_config"}, "options": True})
    # The keys may be others in each run; which account they are of, the streams' ARNs tell.
    aws = workflow.aws
    return digest([__version__, parts, aws.aws_region, aws.assume_role_arn, str(aws.endpoint_url)], 16)


def mark(of: str, report: RunReport, *, began: int, samples: Samples | None = None) -> dict[str, Any] | None:
    """The metadata of a complete run's status; None for a run that is none."""
    owed = owed_by(report)
    if report.fatal or len(owed) > OWED_MOST:
        return None
    told = {SAMPLES: asdict(samples)} if samples else {}
    return {KEY: {"of": of, "began": began, "owed": sorted(owed), **told}}


def owed_by(report: RunReport) -> frozenset[str]:
    """The streams that a run named in a problem: what the catalogue has of them may not be what it should."""
    found = (*report.failures, *report.warnings)
    return frozenset(problem.entity for problem in found if problem.step not in ("delete", "compare"))


def last(statuses: Iterable[Any], of: str) -> Former | None:
    """The complete run that began last, of the workflow with this identity."""
    found = [former for former in (_former(status, of) for status in statuses) if former]
    return max(found, key=lambda former: former.began, default=None)


def _former(status: Any, of: str) -> Former | None:
    metadata = status.get("metadata") if isinstance(status, dict) else None
    told = metadata.get(KEY) if isinstance(metadata, dict) else None
    if not isinstance(told, Mapping) or told.get("of") != of:
        return None
    began, ended, owed = told.get("began"), status.get("endDate"), told.get("owed")
    if not (isinstance(began, int) and isinstance(ended, int) and isinstance(owed, list)):
        return None
    return Former(began, ended, frozenset(map(str, owed)), _samples(told.get(SAMPLES)))


def _samples(told: Any) -> Samples | None:
    if not isinstance(told, Mapping):
        return None
    number, looked, basis = (told.get(key) for key in ("number", "looked", "basis"))
    if not (isinstance(number, int) and isinstance(looked, list) and isinstance(basis, str)):
        return None
    return Samples(number, tuple(looked), basis) if all(isinstance(each, int) for each in looked) else None
