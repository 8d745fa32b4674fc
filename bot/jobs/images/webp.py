"""The chunks of a WebP file: complete, in bounds, and without EXIF and XMP.

Rules: https://developers.google.com/speed/webp/docs/riff_container.
"""

from collections.abc import Iterator
from typing import NamedTuple

from bot.jobs.images.formats import Container, ImageFormat, malformed, truncated, unsupported
from bot.jobs.images.tiff import exif_orientation

_RIFF_HEADER_BYTES = 12
_SIMPLE = frozenset({b"VP8 ", b"VP8L"})
_KEPT = _SIMPLE | {b"VP8X", b"ALPH", b"ICCP", b"ANIM", b"ANMF"}
_FLAGS_AT = 8  # in a VP8X chunk, behind its own header
_XMP_FLAG, _EXIF_FLAG = 0x04, 0x08
_MAX_CHUNKS = 10_000  # an animation has one per frame


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    end: int


def _chunks(body: bytes) -> Iterator[_Chunk]:
    end_of_file = 8 + int.from_bytes(body[4:8], "little")
    if end_of_file > len(body):
        raise truncated(ImageFormat.WEBP)
    position = _RIFF_HEADER_BYTES
    for _ in range(_MAX_CHUNKS):
        if position + 8 > end_of_file:
            return
        size = int.from_bytes(body[position + 4 : position + 8], "little")
        end = position + 8 + size + size % 2
        if end > end_of_file:
            raise truncated(ImageFormat.WEBP)
        yield _Chunk(body[position : position + 4], position, end)
        position = end
    raise unsupported(ImageFormat.WEBP.name)


def canvas_size(head: bytes) -> tuple[int, int]:
    """Width and height from the first 30 bytes of a file.

    Raises:
        ImageRefusedError: truncated, not_an_image.
    """
    if len(head) < 30:
        raise truncated(ImageFormat.WEBP)
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        sides = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
        return sides[0] & 0x3FFF, sides[1] & 0x3FFF
    raise malformed(ImageFormat.WEBP)


def read_webp(body: bytes) -> Container:
    """Dimensions, orientation and clean bytes of a WebP file; an animation keeps its frames for the decoder.

    Raises:
        ImageRefusedError: truncated, not_an_image, unsupported_format.
    """
    width, height = canvas_size(body)
    chunks = list(_chunks(body))
    if not any(chunk.kind in _SIMPLE | {b"ANMF"} for chunk in chunks):
        raise malformed(ImageFormat.WEBP)
    kept = [chunk for chunk in chunks if chunk.kind in _KEPT]
    exif = next((body[chunk.start + 8 : chunk.end] for chunk in chunks if chunk.kind == b"EXIF"), b"")
    animated = any(chunk.kind == b"ANMF" for chunk in chunks)
    untouched = len(kept) == len(chunks) and bool(kept) and kept[-1].end == len(body)
    return Container(
        ImageFormat.WEBP,
        width,
        height,
        body if untouched else _rewritten(body, kept),
        orientation=exif_orientation(exif.removeprefix(b"Exif\0\0")),
        portable=not animated,
        first_of_many=animated,
    )


def _rewritten(body: bytes, kept: list[_Chunk]) -> bytes:
    content = bytearray().join(body[chunk.start : chunk.end] for chunk in kept)
    if kept[0].kind == b"VP8X":
        content[_FLAGS_AT] &= ~(_XMP_FLAG | _EXIF_FLAG)
    return b"RIFF" + (len(content) + 4).to_bytes(4, "little") + b"WEBP" + content
