"""What a run knows of the events that started it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowSkipException
from airflow.sdk import Asset

if TYPE_CHECKING:
    from airflow.sdk import Context

    from ..engine.run.told import Told
    from ..engine.workflow.models import Workflow

log = logging.getLogger(__name__)

PREFIX = "kinesis_events "
"""How the name of the asset begins that stands for a queue; the URL of the queue follows."""

ASSET_TRIGGERED = "asset_triggered"
NAMED = 20  # that the log tells


def told(context: Context, workflow: Workflow) -> Told | None:
    """The streams of this workflow that events told of; None: this is no run of events, but one of all streams.

    Raises AirflowSkipException for a run of events none of which is about this workflow. One that started by an event
    never becomes one of all streams, whatever the event is.
    """
    events = list(_events(context))
    run_type = getattr(context.get("dag_run"), "run_type", None)
    if not events and (workflow.airflow_config.events is None or run_type != ASSET_TRIGGERED):
        return None
    from ..engine.aws.events import heard
    from ..engine.run.told import told_by

    found = heard(message for event in events for message in _messages(event))
    for text in found.unclear[:NAMED]:
        log.warning("skipped %s", text)
    for change in found.changes[:NAMED]:
        log.info("%s", change)
    log.info("%d changes in %d events, %d messages skipped", len(found.changes), len(events), len(found.unclear))
    streams = told_by(workflow, found.changes)
    if streams is None:
        raise AirflowSkipException("No event is about a stream of this workflow: nothing was read or written")
    return streams


def _events(context: Context) -> Iterator[Any]:
    triggering: Mapping[Any, Any] = context.get("triggering_asset_events") or {}
    for asset in triggering:
        if isinstance(asset, Asset) and asset.name.startswith(PREFIX):
            yield from triggering[asset]


def _messages(event: Any) -> list[object]:
    """Of what the trigger gave to Airflow. An event that a person made by hand has none, and is one message itself."""
    extra = event.extra if isinstance(event.extra, dict) else {}
    payload = extra.get("payload")
    batch = payload.get("message_batch") if isinstance(payload, dict) else None
    return batch if isinstance(batch, list) else [extra]
