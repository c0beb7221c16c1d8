"""What a broken file still says rightly: as whose pipeline, and to which server, its failure is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import Fault, WorkflowError
from .document import Document, Place, dotted, value_at
from .loading import check
from .models import SERVER_BLOCK

NAMED: tuple[Place, ...] = (("name",), ("source", "serviceName"), ("sink", "type"), ("connections",), SERVER_BLOCK)
# Nothing is read from this region, and no service is made of it: a workflow must have one.
NO_AWS = {"config": {"type": "Kinesis", "awsConfig": {"awsRegion": "us-east-1"}}}


def salvaged(document: Document, stem: str) -> Document | None:
    """A least workflow of the name, the service and the OpenMetadata server of a broken one, to tell the server by.

    It has no schedule, as what Airflow shows of a broken file has none, and says nothing about AWS. None where one of
    these parts is wrong by itself or may mean another than it says, or where the sink is not OpenMetadata.
    """
    faults = tuple(fault for fault in document.faults if _is_in_doubt(fault))
    least = replace(document, data=_least(document.data, stem), faults=faults)
    try:
        workflow = check(least, stem)
    except WorkflowError:
        return None
    return least if workflow.destination.type == "metadata-rest" else None


def _least(data: dict[str, Any], stem: str) -> dict[str, Any]:
    source = {
        "type": "kinesis",
        "serviceName": value_at(data, ("source", "serviceName")),
        "serviceConnection": NO_AWS,
        "sourceConfig": {"config": {"type": "MessagingMetadata"}},
    }
    return {
        "name": data.get("name", stem),
        "source": source,
        "sink": {"type": value_at(data, ("sink", "type"))},
        "workflowConfig": _server_alone(data.get("workflowConfig")),
        "airflowConfig": {"scheduleInterval": None},
        "connections": _without_aws(data.get("connections", {})),
    }


def _server_alone(block: Any) -> Any:
    if not isinstance(block, dict):
        return {} if block is None else block
    key = SERVER_BLOCK[-1]
    return {key: block[key]} if key in block else {}


def _without_aws(block: Any) -> Any:
    """All else stays: a misspelled `openmetadata` makes it unknown which server is meant."""
    return {key: value for key, value in block.items() if key != "aws"} if isinstance(block, dict) else block


def _is_in_doubt(fault: Fault) -> bool:
    """Whether what could not be read is one of the parts, is in it, or has it in itself: a key that is there twice."""
    return any(_holds(fault.path, place) or _holds(place, fault.path) for place in map(dotted, NAMED))


def _holds(above: str, below: str) -> bool:
    return not above or below == above or below.startswith((f"{above}.", f"{above}["))
