"""The chunks of a PNG file: complete, in bounds, and without text, EXIF and animation.

Rules: https://www.w3.org/TR/png-3/#5Chunk-layout. An animated PNG carries its static picture in IDAT and everything
else in ancillary chunks, so dropping those yields the first picture without touching a pixel.
"""

from collections.abc import Iterator
from typing import NamedTuple

from bot.jobs.images.formats import Container, ImageFormat, malformed, truncated, unsupported
from bot.jobs.images.tiff import exif_orientation

_SIGNATURE_BYTES = 8
_HEADER_BYTES = 13
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
# Ancillary chunks that say how to show the pixels.
_KEPT = _CRITICAL | {b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs"}
_PORTABLE_COLOUR_TYPES = frozenset({0, 2, 6})  # grey, RGB, RGBA
_MAX_CHUNKS = 100_000  # encoders write 8 to 32 kB per chunk: 2 500 in 20 MB


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    end: int

    def content(self, body: bytes) -> bytes:
        return body[self.start + 8 : self.end - 4]


def _chunks(body: bytes) -> Iterator[_Chunk]:
    position = _SIGNATURE_BYTES
    for _ in range(_MAX_CHUNKS):
        end = position + 12 + int.from_bytes(body[position : position + 4], "big")
        if position + 12 > len(body) or end > len(body):
            raise truncated(ImageFormat.PNG)
        chunk = _Chunk(body[position + 4 : position + 8], position, end)
        yield chunk
        if chunk.kind == b"IEND":
            return
        position = end
    raise unsupported(ImageFormat.PNG.name)


def read_png(body: bytes) -> Container:
    """Dimensions, orientation and clean bytes of a PNG file.

    Raises:
        ImageRefusedError: truncated, not_an_image, or unsupported_format for chunks that only Apple's tools read.
    """
    kept: list[_Chunk] = []
    dropped: dict[bytes, _Chunk] = {}
    end = 0
    for chunk in _chunks(body):
        end = chunk.end
        if chunk.kind in _KEPT:
            kept.append(chunk)
        elif chunk.kind[:1].isupper():  # critical: the picture cannot be read without it
            raise unsupported(ImageFormat.PNG.name)
        else:
            dropped[chunk.kind] = chunk
    header = kept[0].content(body)
    if kept[0].kind != b"IHDR" or len(header) != _HEADER_BYTES or all(chunk.kind != b"IDAT" for chunk in kept):
        raise malformed(ImageFormat.PNG)
    exif = dropped.get(b"eXIf")
    clean = body
    if dropped or end < len(body):
        clean = b"".join([body[:_SIGNATURE_BYTES], *(body[chunk.start : chunk.end] for chunk in kept)])
    keyed = any(chunk.kind == b"tRNS" for chunk in kept)
    return Container(
        ImageFormat.PNG,
        int.from_bytes(header[:4], "big"),
        int.from_bytes(header[4:8], "big"),
        clean,
        orientation=exif_orientation(exif.content(body)) if exif else 1,
        portable=header[8] == 8 and header[9] in _PORTABLE_COLOUR_TYPES and not keyed,
        first_of_many=b"acTL" in dropped,
    )
