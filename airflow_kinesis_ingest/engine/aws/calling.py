"""One call of an AWS client: paced, timed for the log, its answer looked at, its error told as one of ours."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from ...errors import IngestError, Throttled
from .errors import NO_SENSE, senseless, translated, unreadable
from .quota import Quota

log = logging.getLogger(__name__)


def paced(
    client: Any,
    api: str,
    of: str,
    parameters: Mapping[str, Any],
    *,
    quota: Quota,
    stop: threading.Event,
    holds: Mapping[str, Any] | None = None,
    throttled: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """One call, without a retry, when `quota` lets it. Raises Stopped, and what `translated` makes of an error.

    api: an operation of Kinesis, or the IAM action of another service's (`firehose:ListDeliveryStreams`). of: the
    stream or pipeline it is about, "" for none. holds: members and types of a true answer, [str] for a list of texts.
    throttled: called when AWS throttles it.
    """
    quota.wait(api, stop)
    started = time.monotonic()
    try:
        answer = _answer(client, api, of, parameters, holds or {})
    except IngestError as error:
        if isinstance(error, Throttled):
            quota.slow_down(api)
            throttled()
        log.debug("%s %s: %s after %.0f ms", api, of, error.cause, 1000 * (time.monotonic() - started))
        raise
    log.debug("%s %s: %.0f ms", api, of, 1000 * (time.monotonic() - started))
    return answer


def _answer(client: Any, api: str, of: str, parameters: Mapping[str, Any], holds: Mapping[str, Any]) -> dict[str, Any]:
    method = getattr(client, xform_name(api.rpartition(":")[2]))
    try:
        answer: dict[str, Any] = method(**parameters)
    except (ClientError, BotoCoreError) as error:
        raise translated(error, api, of) from None
    except OSError as error:
        raise unreadable(error) from None
    except NO_SENSE as error:
        raise senseless(api, of, f"its body cannot be read ({type(error).__name__})") from None
    missing = [member for member, kind in holds.items() if not _is(kind, answer.get(member))]
    if missing:
        raise senseless(api, of, f"it holds no {missing[0]}")
    return answer


def _is(kind: Any, value: object) -> bool:
    if isinstance(kind, list):
        return isinstance(value, list) and all(isinstance(each, kind[0]) for each in value)
    return isinstance(value, kind)
