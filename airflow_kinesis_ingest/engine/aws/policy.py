"""The IAM policy that a workflow needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..lineage.parts import READERS, WRITERS, parts
from .tags import ACTIONS as TAGS
from .tags import wants_tags

if TYPE_CHECKING:
    from ..workflow.models import LineageOptions, Workflow

GLUE = "glue:GetSchemaVersion"
LISTED = ("ListStreams", "DescribeStreamSummary")
READ = ("ListShards", "GetShardIterator", "GetRecords")
KINESIS = (*LISTED, *READ)


def policy(
    *, kms: bool = False, glue: bool = False, tags: bool = False, lineage: bool = False, writers: bool = False
) -> dict[str, Any]:
    """kms: also for streams with a customer-managed key; glue: also schemas of the Glue Schema Registry; tags: also the
    tags of AWS; lineage, writers: also all parts that find who reads, or who writes.
    """
    return _document(
        KinesisPolicy=[f"kinesis:{action}" for action in KINESIS],
        KinesisKeys=["kms:Decrypt"] if kms else [],
        KinesisTags=list(TAGS) if tags else [],
        KinesisLineage=_called(_all("readers", READERS)) if lineage else [],
        KinesisWriters=_called(_all("writers", WRITERS)) if writers else [],
        KinesisSchemas=[GLUE] if glue else [],
    )


def policy_of(workflow: Workflow, *, kms: bool = False, glue: bool = False) -> dict[str, Any]:
    """What a run of this file calls, and nothing else. glue: also for messages that name a schema; without it, Glue is
    among it where the file declares schemas.
    """
    options = workflow.options
    reads = workflow.metadata.generate_sample_data and (options.sample.store or options.infer_schema)
    lineage = options.lineage
    return _document(
        KinesisPolicy=[f"kinesis:{action}" for action in (KINESIS if reads else LISTED)],
        KinesisKeys=["kms:Decrypt"] if kms else [],
        KinesisTags=list(TAGS) if wants_tags(options) else [],
        KinesisLineage=_called(lineage.model_copy(update={"writers": []})),
        KinesisWriters=_called(lineage.model_copy(update={"readers": []})),
        KinesisSchemas=[GLUE] if glue or options.declares_schemas else [],
    )


def statement(actions: Iterable[str]) -> dict[str, Any]:
    """What to add to a policy that lacks these actions; without a Sid, which two statements must not share."""
    return {"Effect": "Allow", "Action": sorted(set(actions)), "Resource": "*"}


def _all(direction: str, names: Iterable[str]) -> LineageOptions:
    from ..workflow.models import LineageOptions  # where it is needed alone: it takes a while to load

    return LineageOptions.model_validate({direction: list(names)})


def _called(options: LineageOptions) -> list[str]:
    return [action for part in parts(options) for action in part.actions]


def _document(**statements: list[str]) -> dict[str, Any]:
    """Each action once, where it is first."""
    told: set[str] = set()
    found = []
    for sid, actions in statements.items():
        fresh = [action for action in dict.fromkeys(actions) if action not in told]
        told.update(fresh)
        if fresh:
            found.append({"Sid": sid, "Effect": "Allow", "Action": fresh, "Resource": "*"})
    return {"Version": "2012-10-17", "Statement": found}
