"""The mark for what is not text: a data URL (RFC 2397), as in `data:application/gzip;base64,H4sI`."""

from __future__ import annotations

from binascii import b2a_base64

BINARY = "application/octet-stream"

CUT = "… [truncated]"
"""The end of an inflated text that goes on in the record."""

_BASE64 = ";base64"


def data_url(data: bytes, media_type: str = BINARY) -> str:
    """data in base64 behind its media type."""
    return (f"data:{media_type}{_BASE64},".encode() + b2a_base64(data, newline=False)).decode()


def shorten(url: str, most: int) -> str:
    """url in at most `most` bytes, its whole size told as in `data:application/gzip;truncated-from=90210;base64,`.

    What is left still decodes: base64 is cut between two groups of four. The header is never cut.
    """
    if len(url) <= most:
        return url
    header, _, encoded = url.partition(",")
    size = len(encoded) // 4 * 3 - encoded.count("=", -2)
    marked = f"{header.removesuffix(_BASE64)};truncated-from={size}{_BASE64},"
    room = max(most - len(marked), 0)
    return marked + encoded[: room // 4 * 4]


def is_embedded(text: str) -> bool:
    """True for a text that is a data URL in base64 as a whole."""
    return text.startswith("data:") and f"{_BASE64}," in text[:200]


def redacted(url: str) -> str:
    """url without its content: `data:application/gzip;redacted,***`."""
    media_type = url.partition(",")[0].removesuffix(_BASE64)
    return f"{media_type};redacted,***"
