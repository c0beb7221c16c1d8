"""A DAG that events of a queue start, beside its schedule. Loads the amazon provider: imported for such files alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from airflow.providers.amazon.aws.hooks.sqs import SqsHook
from airflow.providers.amazon.aws.triggers.sqs import SqsSensorTrigger
from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk import Asset, AssetWatcher
from airflow.triggers.base import TriggerEvent
from asgiref.sync import sync_to_async
from botocore.exceptions import BotoCoreError, ClientError

from .engine.aws.event_rule import Queue
from .engine.workflow.models import Events
from .errors import FixFile
from .hooks.fence import configured_fence
from .operators.events import PREFIX
from .timetable import CronBetweenDates, OnDemand

try:
    from airflow.sdk import AssetOrTimeSchedule
except ImportError:  # which Airflow 3.1 has elsewhere, and later ones for themselves
    from airflow.timetables.assets import AssetOrTimeSchedule  # type: ignore[assignment]

AT_ONCE, WAIT, REST = 10, 1, 4
"""Messages that AWS gives at once, seconds that it waits for some, and seconds between two calls that found none."""

AFTER_ERROR = 60.0


def scheduled(timetable: CronBetweenDates | OnDemand, events: Events) -> Any:
    """A schedule by time and by events; without a time, by events alone. Pure."""
    asset = asset_of(events)
    if isinstance(timetable, OnDemand):
        return asset
    return AssetOrTimeSchedule(timetable=timetable, assets=asset)  # type: ignore[arg-type]


def asset_of(events: Events) -> Asset:
    """The queue as an asset: each of its messages is an event of it, for every workflow that names this queue."""
    parts = urlsplit(events.queue_url)
    trigger = QueueTrigger(
        events.queue_url,
        aws_conn_id=events.connection,
        max_messages=AT_ONCE,
        wait_time_seconds=WAIT,
        waiter_delay=REST,
        region_name=Queue.of(events.queue_url).region,
    )
    watchers = [AssetWatcher(name="queue", trigger=trigger)]
    return Asset(f"{PREFIX}{events.queue_url}", f"kinesis-events://{parts.netloc}{parts.path}", watchers=watchers)


class QueueTrigger(SqsSensorTrigger):
    """The amazon provider's trigger, whose calls are made by boto3 in threads: the provider itself needs aiobotocore
    for them, which fits no boto3 but one that is months old.

    Delivery: at most once. A message is deleted before Airflow has stored its event; what is lost, the next run of all
    streams finds. A queue that cannot be read is tried again every minute.
    """

    @cached_property
    def hook(self) -> SqsHook:  # kept from call to call, and with it its client
        return _Hook(
            aws_conn_id=self.aws_conn_id, region_name=self.region_name, verify=self.verify, config=self.botocore_config
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        while True:
            try:
                _require_allowed(self.sqs_queue)
                async for event in super().run():
                    yield event
                    return
            except (FixFile, AirflowException, BotoCoreError, ClientError) as error:
                # Airflow would start what failed again at once, and so once a second.
                self.log.error("the queue %s is not read: %s", self.sqs_queue, error)
            self.__dict__.pop("hook", None)  # its connection may be another by then
            await asyncio.sleep(AFTER_ERROR)


def _require_allowed(queue_url: str) -> None:
    """Raises FixFile. Here, as parsing reads no fence; the runs of the file fail of it too."""
    if not configured_fence().allows_url(queue_url):
        remedy = "Let who runs Airflow add it to `[kinesis_ingest] allowed_hosts`"
        raise FixFile("its host is not among those that workflow files may use", where=queue_url, remedy=remedy)


class _Hook(SqsHook):
    async def get_async_conn(self) -> _Client:
        return _Client(await sync_to_async(lambda: self.conn)())


class _Client:
    """Of what aiobotocore's client has, what the trigger uses."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def __aenter__(self) -> _Client:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def receive_message(self, **parameters: Any) -> Any:
        return await asyncio.to_thread(self._client.receive_message, **parameters)

    async def delete_message_batch(self, **parameters: Any) -> Any:
        return await asyncio.to_thread(self._client.delete_message_batch, **parameters)
