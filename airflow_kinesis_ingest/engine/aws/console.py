"""Links into the AWS console, one for each partition of AWS that publishes its address."""

from __future__ import annotations

from urllib.parse import quote

CONSOLES = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}
WITHOUT_KNOWN_CONSOLE = ("us-iso", "eu-iso", "eusc")


def console_url(region: str, name: str = "") -> str | None:
    """The stream's page in the AWS console (all streams without a name); None where no address is published.

    A name in braces stays as it is, for others to put a name in its place.
    """
    if region.startswith(WITHOUT_KNOWN_CONSOLE):
        return None
    host = next((host for start, host in CONSOLES.items() if region.startswith(f"{start}-")), "console.aws.amazon.com")
    page = f"streams/details/{quote(name, safe='{}')}/monitoring" if name else "streams/list"
    return f"https://{region}.{host}/kinesis/home?region={region}#/{page}"
