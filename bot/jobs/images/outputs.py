"""A picture that a model gave back: what it is and how Telegram takes it, from its first and last bytes."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from bot.jobs.images.formats import SNIFFED_BYTES, ImageFormat, malformed, sniff, truncated, unsupported
from bot.jobs.images.jpeg import read_frame, segments
from bot.jobs.images.webp import canvas_size

OUTPUT_FORMATS = frozenset({ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.GIF})

# https://core.telegram.org/bots/api#sendphoto
PHOTO_MAX_BYTES = 10_000_000  # "10 MB": the smaller reading of it
PHOTO_MAX_SIDES = 10_000
PHOTO_MAX_RATIO = 20
_PHOTO_FORMATS = frozenset({ImageFormat.JPEG, ImageFormat.PNG})

_HEAD_BYTES = 1024 * 1024  # colour profile and EXIF stand before a JPEG's dimensions
_TAIL_BYTES = 4096  # some encoders append a few bytes to a complete file
_ENDINGS = {ImageFormat.JPEG: b"\xff\xd9", ImageFormat.PNG: b"IEND\xaeB`\x82"}
_GIF_TRAILER = b"\x3b"  # too short to be searched for


@dataclass(frozen=True, slots=True)
class OutputImage:
    """A model's result; `as_photo` says that sendPhoto takes it, otherwise it goes as a document."""

    content_type: str
    extension: str
    width: int
    height: int
    as_photo: bool


def inspect_output(source: BinaryIO, size: int) -> OutputImage:
    """What a result of `size` bytes is, without decoding it; reads at most 1 MiB of the seekable `source`.

    Raises:
        ImageRefusedError: not_an_image, unsupported_format, truncated.
    """
    image_format, width, height = read_header(source, size)
    return OutputImage(
        content_type=image_format.content_type,
        extension=image_format.extension,
        width=width,
        height=height,
        as_photo=image_format in _PHOTO_FORMATS and fits_photo(width, height, size),
    )


def read_header(source: BinaryIO, size: int) -> tuple[ImageFormat, int, int]:
    """Format, width and height of a complete file of `size` bytes.

    Raises:
        ImageRefusedError: not_an_image, unsupported_format, truncated.
    """
    source.seek(0)
    head = source.read(_HEAD_BYTES)
    image_format = sniff(head[:SNIFFED_BYTES])
    if image_format not in OUTPUT_FORMATS:
        raise unsupported(image_format.name)
    width, height = _dimensions(head, image_format)
    if width < 1 or height < 1:
        raise malformed(image_format)
    if not _is_complete(source, size, head, image_format):
        raise truncated(image_format)
    return image_format, width, height


def fits_photo(width: int, height: int, size: int) -> bool:
    """Whether sendPhoto takes a picture of these pixels and bytes."""
    short, long = sorted((width, height))
    return size <= PHOTO_MAX_BYTES and width + height <= PHOTO_MAX_SIDES and long <= short * PHOTO_MAX_RATIO


def _dimensions(head: bytes, image_format: ImageFormat) -> tuple[int, int]:
    if image_format is ImageFormat.WEBP:
        return canvas_size(head)
    if image_format is ImageFormat.JPEG:
        return _jpeg_dimensions(head)
    layout, at = (">II", 16) if image_format is ImageFormat.PNG else ("<HH", 6)
    try:
        width, height = struct.unpack_from(layout, head, at)
    except struct.error as error:
        raise truncated(image_format) from error
    return width, height


def _jpeg_dimensions(head: bytes) -> tuple[int, int]:
    for segment in segments(head):
        if frame := read_frame(head, segment):
            return frame.width, frame.height
    raise malformed(ImageFormat.JPEG)


def _is_complete(source: BinaryIO, size: int, head: bytes, image_format: ImageFormat) -> bool:
    if image_format is ImageFormat.WEBP:
        return 8 + int.from_bytes(head[4:8], "little") <= size
    source.seek(max(0, size - _TAIL_BYTES))
    tail = source.read(_TAIL_BYTES)
    if image_format is ImageFormat.GIF:
        return tail.rstrip(b"\0").endswith(_GIF_TRAILER)
    return _ENDINGS[image_format] in tail
