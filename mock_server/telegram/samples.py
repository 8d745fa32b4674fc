"""Pictures to send with one click: a few good ones, and the traps that photo bots fall into."""

import functools
import io
import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PIL import ExifTags, Image

from mock_server.telegram import sample_scenes

TOO_LARGE_TO_DOWNLOAD = 21_076_377
"""20.1 MB in bytes, a bit more than a bot may download."""

_TWELVE_MEGAPIXELS = (4000, 3000)
_BOMB_MEGAPIXELS = 200
_LONGEST_COMMENT = 0xFFFF - 2  # a JPEG segment counts its own two length bytes
_QUARTER_TURN = 6  # EXIF orientation: show it turned clockwise


SampleKind = Literal["photo", "file", "sticker", "live_photo", "trap"]
"""How it is best sent; traps are sent as files."""


@dataclass(frozen=True)
class Sample:
    """A file to send. `make` gives its bytes, the same on every call; it blocks for up to a second."""

    name: str
    title: str
    note: str
    kind: SampleKind
    mime_type: str
    make: Callable[[], bytes]


def find_sample(name: str) -> Sample | None:
    """Give the sample of this file name."""
    return next((sample for sample in SAMPLES if sample.name == name), None)


def make_sample(name: str) -> bytes:
    """Give the bytes of a sample.

    Raises: LookupError for an unknown name.
    """
    sample = find_sample(name)
    if sample is None:
        raise LookupError(name)
    return sample.make()


@functools.cache
def _lighthouse() -> bytes:
    return _saved(sample_scenes.aged(sample_scenes.lighthouse()), "JPEG", quality=88)


@functools.cache
def _mountain_lake() -> bytes:
    return _saved(sample_scenes.mountain_lake(), "JPEG", quality=88)


@functools.cache
def _portrait() -> bytes:
    return _saved(sample_scenes.aged(sample_scenes.portrait()), "JPEG", quality=88)


@functools.cache
def _camera() -> bytes:
    return _saved(sample_scenes.camera_sticker(), "WEBP", quality=90)


@functools.cache
def _phone() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "Sandbox phone"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 51.0, 29.0)
    large = Image.open(io.BytesIO(_mountain_lake())).resize(_TWELVE_MEGAPIXELS, Image.Resampling.BICUBIC)
    return _saved(large, "JPEG", quality=88, exif=exif.tobytes())


@functools.cache
def _pdf() -> bytes:
    return _saved(_small(), "PDF")


def _not_an_image() -> bytes:
    return b"Dear diary, today I renamed a text file to .jpg and sent it to a bot.\n"


def _truncated() -> bytes:
    whole = _mountain_lake()
    return whole[: len(whole) * 6 // 10]


def _narrow() -> bytes:
    return _saved(Image.linear_gradient("L").resize((1, 6000)), "PNG")


def _bomb() -> bytes:
    height = math.isqrt(_BOMB_MEGAPIXELS * 1_000_000 // 2)
    width = 2 * height
    packer = zlib.compressobj(9)
    row = bytes(1 + width // 8)  # a filter type and one bit per pixel
    pixels = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _cmyk() -> bytes:
    return _saved(_small().convert("CMYK"), "JPEG", quality=88)


def _rotated() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = _QUARTER_TURN
    exif[ExifTags.Base.Model] = "Sandbox camera"
    return _saved(_small().transpose(Image.Transpose.ROTATE_90), "JPEG", quality=88, exif=exif.tobytes())


def _animated() -> bytes:
    first = _small().resize((480, 360))
    frames = [Image.blend(first, Image.new("RGB", first.size, "#201040"), share / 10) for share in range(1, 7)]
    return _saved(first, "GIF", save_all=True, append_images=frames, duration=120, loop=0)


def _too_large() -> bytes:
    body = _saved(_small().resize((64, 48)), "JPEG", quality=88)
    scan = body.index(b"\xff\xda")
    padding = bytearray()
    missing = TOO_LARGE_TO_DOWNLOAD - len(body)
    while missing:
        step = min(missing, _LONGEST_COMMENT + 4)
        if 0 < missing - step < 4:  # the last comment needs four bytes for itself
            step -= 4
        padding += b"\xff\xfe" + struct.pack(">H", step - 2) + bytes(step - 4)
        missing -= step
    return body[:scan] + bytes(padding) + body[scan:]


def _small() -> Image.Image:
    return Image.open(io.BytesIO(_mountain_lake())).convert("RGB").resize((800, 600))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _saved(picture: Image.Image, image_format: str, **options: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, image_format, **options)
    return target.getvalue()


SAMPLES = (
    Sample("lighthouse.jpg", "Faded lighthouse", "an old print to restore", "photo", "image/jpeg", _lighthouse),
    Sample("portrait.jpg", "Old portrait", "a face, scratched and pale", "photo", "image/jpeg", _portrait),
    Sample("mountain-lake.jpg", "Mountain lake", "a fresh photo", "photo", "image/jpeg", _mountain_lake),
    Sample("camera.webp", "Sticker", "a still one, with transparency", "sticker", "image/webp", _camera),
    Sample(
        "live-lake.jpg", "Live photo", "a moment of video around a still", "live_photo", "image/jpeg", _mountain_lake
    ),
    Sample("phone.jpg", "From a phone", "12 megapixels, says where it was taken", "file", "image/jpeg", _phone),
    Sample("scan.pdf", "PDF", "no picture to a photo bot", "file", "application/pdf", _pdf),
    Sample("not-an-image.jpg", "Not an image", "text with the name of a photo", "trap", "image/jpeg", _not_an_image),
    Sample("truncated.jpg", "Truncated", "the last 40 % are missing", "trap", "image/jpeg", _truncated),
    Sample("narrow.png", "1 by 6000 pixels", "far too narrow", "trap", "image/png", _narrow),
    Sample("bomb.png", "Decompression bomb", "small file, 200 megapixels", "trap", "image/png", _bomb),
    Sample("cmyk.jpg", "CMYK", "colours for printing", "trap", "image/jpeg", _cmyk),
    Sample("rotated.jpg", "Turned by EXIF", "stored lying on its side", "trap", "image/jpeg", _rotated),
    Sample("animated.gif", "Animated GIF", "seven frames", "trap", "image/gif", _animated),
    Sample("large.jpg", "20.1 MB", "more than a bot may download", "trap", "image/jpeg", _too_large),
)
