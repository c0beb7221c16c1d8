"""Links into the AWS console, one for each partition of AWS that publishes its address."""

from __future__ import annotations

from urllib.parse import quote

CONSOLES = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}
WITHOUT_KNOWN_CONSOLE = ("us-iso", "eu-iso", "eusc")


def console_url(region: str, name: str = "") -> str | None:
    """The stream's page in the AWS console (all streams without a name); None where no address is published.

    A name in braces stays as it is, for others to put a name in its place.
    """
    page = f"streams/details/{quote(name, safe='{}')}/monitoring" if name else "streams/list"
    return console_page(region, f"kinesis/home#/{page}")


def console_page(region: str, page: str) -> str | None:
    """page: as in `kinesis/home#/streams/list`. None where no address is published."""
    if region.startswith(WITHOUT_KNOWN_CONSOLE):
        return None
    host = next((host for start, host in CONSOLES.items() if region.startswith(f"{start}-")), "console.aws.amazon.com")
    home, _, view = page.partition("#")
    return f"https://{region}.{host}/{home}?region={region}#{view}"
