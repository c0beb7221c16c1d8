"""An account and region as the parts of lineage ask it: a client for each service, made at its first call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...errors import Abort, ServerDown
from ..lineage.flow import Unfinished
from ..retry import Circuit
from ..workflow.models import AwsConfig, Options
from .calling import paced
from .client import RegionalClients
from .console import console_page
from .quota import Quota

RETRY_FOR = 30.0
"""Seconds, at most: a part is optional, and the next run looks again."""


def nobody() -> Iterator[str | Unfinished]:
    """Of a run that describes no stream."""
    yield Unfinished()


class AwsRegion:
    """See `lineage.flow.Region`. For many threads; two services never wait for each other.

    actions: those that may be called, with AWS's rates. stop: set it to make every call raise Stopped soon. consumers:
    gives the streams with registered consumers.
    """

    def __init__(
        self,
        aws: AwsConfig,
        options: Options,
        actions: Mapping[str, float],
        *,
        stop: threading.Event,
        consumers: Callable[[], Iterator[str | Unfinished]] = nobody,
        retry_for: float = RETRY_FOR,
    ) -> None:
        self.name = aws.aws_region
        self.with_consumers = consumers
        self._clients = RegionalClients(aws, options.assume_role, options.account_id_endpoint_mode)
        self._quota = Quota(options.quota, actions)
        self._stop = stop
        services = {action.partition(":")[0] for action in actions}
        retry_for = min(options.retry_for, retry_for)
        self._circuits = {service: Circuit(f"AWS ({service})", stop, retry_for) for service in services}

    @property
    def partition(self) -> str:
        return self._clients.partition

    def call(self, action: str, /, of: str = "", **parameters: Any) -> dict[str, Any]:
        service = action.partition(":")[0]
        circuit = self._circuits[service]
        client = circuit.call(lambda: self._clients.of(service))
        return circuit.call(lambda: self._once(client, service, action, of, parameters))

    def _once(self, client: Any, service: str, action: str, of: str, parameters: dict[str, Any]) -> dict[str, Any]:
        try:
            return paced(client, action, of, parameters, quota=self._quota, stop=self._stop)
        except ServerDown as error:
            if self._clients.offers(service):
                raise
            what = f"AWS has no {service} in {self.name}"
            raise Abort(what, where=error.where, why=error.why, remedy="Leave it out of the workflow file") from None

    def console(self, page: str, /) -> str | None:
        return console_page(self.name, page)
