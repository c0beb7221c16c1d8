"""What both servers that a run talks to have in common: errors without an answer, and how long to wait."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import requests
import urllib3

from ...errors import without_passwords


def innermost(error: BaseException) -> BaseException:
    """The cause that helps: the text of a requests error repeats the whole URL."""
    while True:
        cause = getattr(error, "reason", None) or error.__cause__ or error.__context__
        if not isinstance(cause, BaseException):
            return error
        error = cause


def why_of(error: Exception) -> str:
    return f"{type(error).__name__}: {without_passwords(str(innermost(error)))}"


def is_unconnected(error: Exception) -> bool:
    """No connection was made: refused, no such host, no answer to the handshake."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)) or isinstance(
        reason, urllib3.exceptions.NewConnectionError
    )


def retry_after(response: requests.Response) -> float | None:
    """Seconds; the header holds a number or an HTTP date (RFC 9110 10.2.3)."""
    value = response.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds()) if moment.tzinfo else None
