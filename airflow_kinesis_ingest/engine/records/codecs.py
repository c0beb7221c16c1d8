"""Compressed bytes -> bytes, bounded: what a record inflates to is its sender's choice, what that costs is ours."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol

INFLATED_MOST = 768 * 1024
"""Bytes one record may inflate to, all its layers together: with the copy that ends an inflate, below 2 MiB."""

KEPT_OF_CUT = 64 * 1024
"""Bytes kept of what inflates to more: it is looked at, never parsed, so this much is plenty."""

OPTIONAL = ("compression.zstd", "backports.zstd", "lz4.frame", "cramjam", "google.protobuf")
"""Libraries that are used where there are any."""

_PIECE = 16 * 1024  # input goes in by pieces, so that no codec keeps a copy of a whole record
_STEP = 64 * 1024
_FRAMES_MOST = 1000  # a record can hold half a million empty gzip members, each as costly to open as a full one
_XZ_MEMORY = 96 << 20  # preset 9 asks for 65 MiB of dictionary; its pages cost nothing until output fills them
_SNAPPY_START = bytes.fromhex("ff060000734e61507059")
_SNAPPY_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Inflated:
    """data is None when nothing can be shown, and note says why; cut when the content goes on past the bound.

    spent: bytes that came out, also those of a stream that turned out to be broken.
    """

    data: bytes | None
    cut: bool = False
    note: str = ""
    spent: int = 0


@dataclass(frozen=True, slots=True)
class Codec:
    """A compressed format that names itself in its first bytes.

    exact: bytes after the end prove that it was another format, because two bytes of signature prove too little.
    """

    name: str
    media_type: str
    magic: tuple[bytes, ...]
    unpack: Callable[[bytes, int], Inflated]
    exact: bool = False


class Inflater(Protocol):
    """What bz2, lzma, zstd and lz4 have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Opened(NamedTuple):
    inflater: Inflater
    errors: tuple[type[Exception], ...]


class _Zlib:
    """zlib behind the interface of the others: it hands unread input back instead of keeping it."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def installed() -> tuple[str, ...]:
    """Which of the optional libraries there are: with others, some records are read otherwise."""
    return tuple(name for name in OPTIONAL if _is_installed(name))


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # not even the package that it is in
        return False


def sniff(data: bytes) -> Codec | None:
    """The codec whose signature data begins with."""
    return next((codec for codec in CODECS if data.startswith(codec.magic)), None)


def inflate(codec: Codec, data: bytes, most: int = INFLATED_MOST) -> Inflated:
    """At most `most` bytes of content; of more, the first KEPT_OF_CUT. Never raises, whatever data is."""
    try:
        unpacked = codec.unpack(data, most)
    except ImportError:
        return Inflated(None, note=f"{codec.name}: install airflow-kinesis-ingest[codecs] to read it")
    if codec.exact and unpacked.note and not unpacked.cut:
        return replace(unpacked, data=None)
    return unpacked


def _unpack_frames(
    name: str, start: tuple[bytes, ...], opener: Callable[[], _Opened], data: bytes, most: int
) -> Inflated:
    """The content of all frames of one format that follow one another, as gzip and zstd allow."""
    out, position, view = bytearray(), 0, memoryview(data)
    for _ in range(_FRAMES_MOST):
        inflater, errors = opener()
        try:
            position += _pump(inflater, view[position:], out, most)
        except errors as error:
            return Inflated(None, note=f"the {name} stream is broken: {error}", spent=len(out))
        if len(out) > most:
            return _cut(name, out, most)
        if not inflater.eof:
            return Inflated(None, note=f"the {name} stream ends early", spent=len(out))
        if not data.startswith(start, position):
            break
    rest = len(data) - position
    note = f"{rest} bytes after the {name} stream are not shown" if rest else ""
    return Inflated(bytes(out), note=note, spent=len(out))


def _pump(inflater: Inflater, data: memoryview, out: bytearray, most: int) -> int:
    """Fill out up to `most` + 1 bytes; the one too many tells that there is more. Returns the input bytes used."""
    position = 0
    while not inflater.eof and len(out) <= most:
        piece = bytes(data[position : position + _PIECE]) if inflater.needs_input else b""
        grown = inflater.decompress(piece, min(_STEP, most + 1 - len(out)))
        out += grown
        position += len(piece)
        if not grown and not piece:
            break
    return position - len(inflater.unused_data or b"")


def _cut(name: str, out: bytearray, most: int) -> Inflated:
    kept = bytes(out[: min(KEPT_OF_CUT, most)])
    note = f"{name}: cut at {len(kept)} bytes, it inflates to more than {most}"
    return Inflated(kept, cut=True, note=note, spent=most)


def _zlib_opener(wbits: int) -> Callable[[], _Opened]:
    return lambda: _Opened(_Zlib(wbits), (zlib.error,))


def _open_bzip2() -> _Opened:
    return _Opened(bz2.BZ2Decompressor(), (OSError,))


def _open_xz() -> _Opened:
    return _Opened(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY), (lzma.LZMAError,))


def _open_zstd() -> _Opened:
    try:
        zstd = import_module("compression.zstd")  # Python 3.14 and later
    except ImportError:
        zstd = import_module("backports.zstd")
    return _Opened(zstd.ZstdDecompressor(), (zstd.ZstdError,))


def _open_lz4() -> _Opened:
    return _Opened(import_module("lz4.frame").LZ4FrameDecompressor(), (RuntimeError,))


def _unpack_snappy(data: bytes, most: int) -> Inflated:
    """The framing format of google/snappy: chunks of at most 64 KiB, each declaring its size."""
    snappy: Any = import_module("cramjam")
    out, position = bytearray(), 0
    while position < len(data):
        kind, size = data[position], int.from_bytes(data[position + 1 : position + 4], "little")
        chunk = data[position : position + 4 + size]
        position += 4 + size
        if position > len(data) or 2 <= kind < 0x80:
            note = "the snappy stream ends early or holds an unknown chunk"
            return Inflated(None, note=note, spent=len(out))
        try:
            out += _unpack_snappy_chunk(snappy, kind, chunk)
        except (snappy.DecompressionError, ValueError) as error:
            return Inflated(None, note=f"the snappy stream is broken: {error}", spent=len(out))
        if len(out) > most:
            return _cut("snappy", out, most)
    return Inflated(bytes(out), spent=len(out))


def _unpack_snappy_chunk(cramjam: Any, kind: int, chunk: bytes) -> bytes:
    if kind >= 0x80:
        return b""
    if kind == 0 and cramjam.snappy.decompress_raw_len(chunk[8:]) > _SNAPPY_BLOCK:
        raise ValueError("a chunk declares more than 64 KiB")
    return bytes(cramjam.snappy.decompress(_SNAPPY_START + chunk))  # verifies the chunk's CRC-32C


def _unpack_snappy_block(data: bytes, most: int) -> Inflated:
    """As Avro has it: raw snappy, which declares its size, then the CRC-32 of the content."""
    cramjam: Any = import_module("cramjam")
    packed = memoryview(data)[:-4]
    try:
        size = cramjam.snappy.decompress_raw_len(packed)
        if size > most:
            return Inflated(None, note=f"snappy: a block inflates to more than {most} bytes")
        content = bytes(cramjam.snappy.decompress_raw(packed))
    except cramjam.DecompressionError as error:
        return Inflated(None, note=f"the snappy block is broken: {error}")
    if zlib.crc32(content) != int.from_bytes(data[-4:], "big"):
        return Inflated(None, note="the snappy block has a wrong checksum", spent=size)
    return Inflated(content, spent=size)


def _frames(
    name: str, media_type: str, magic: tuple[bytes, ...], opener: Callable[[], _Opened], exact: bool = False
) -> Codec:
    def unpack(data: bytes, most: int) -> Inflated:
        return _unpack_frames(name, magic, opener, data, most)

    return Codec(name, media_type, magic, unpack, exact)


def _bzip2_starts() -> tuple[bytes, ...]:
    """Block size digit, then the mark of a first block or, for an empty stream, of the end."""
    marks = (bytes.fromhex("314159265359"), bytes.fromhex("177245385090"))
    return tuple(b"BZh%d" % level + mark for level in range(1, 10) for mark in marks)


GZIP = _frames("gzip", "application/gzip", (b"\x1f\x8b\x08",), _zlib_opener(zlib.MAX_WBITS | 16))
ZLIB = _frames(
    "zlib", "application/zlib", (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda"), _zlib_opener(zlib.MAX_WBITS), exact=True
)
BZIP2 = _frames("bzip2", "application/x-bzip2", _bzip2_starts(), _open_bzip2)
XZ = _frames("xz", "application/x-xz", (b"\xfd7zXZ\x00",), _open_xz)
ZSTD = _frames("zstd", "application/zstd", (b"\x28\xb5\x2f\xfd",), _open_zstd)
LZ4 = _frames("lz4", "application/x-lz4", (b"\x04\x22\x4d\x18",), _open_lz4)
SNAPPY = Codec("snappy", "application/x-snappy-framed", (_SNAPPY_START,), _unpack_snappy)
# Without a signature: only for places that name it, as Avro containers do.
DEFLATE = _frames("deflate", "application/octet-stream", (), _zlib_opener(-zlib.MAX_WBITS))
SNAPPY_BLOCK = Codec("snappy", "application/octet-stream", (), _unpack_snappy_block)

CODECS = (GZIP, ZLIB, BZIP2, XZ, ZSTD, LZ4, SNAPPY)
