"""Pictures for tests, made on the spot: every format, every oddity, the same bytes on every run.

Each function returns a whole file as bytes. What is asked for again and again is made once.
"""

import functools
import math
import random
import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms
from pillow_heif import from_pillow

EXIF_ORIENTATION = 0x0112
EXIF_CAMERA = 0x0110
CAMERA = "Secret Camera 3000"
"""Stands in the EXIF of `jpeg_with_metadata` and others; a cleaned file must not contain it."""

TWENTY_MEGABYTES_AND_A_BIT = 21_076_377
"""20.1 MB, a bit more than a bot may download."""


@functools.cache
def canvas(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    """A picture with a red top left, green top right, blue bottom left and white bottom right corner.

    Do not change it: it is shared. In mode RGBA the right half is half transparent.
    """
    corners = Image.new("RGB", (2, 2))
    corners.putdata([(220, 20, 20), (20, 200, 20), (20, 20, 220), (250, 250, 250)])
    picture = corners.resize((width, height), Image.Resampling.NEAREST)
    if mode == "RGBA":
        alpha = Image.new("L", (width, height), 255)
        alpha.paste(128, (width // 2, 0, width, height))
        picture.putalpha(alpha)
        return picture
    return picture.convert(mode)


@functools.cache
def photo(width: int = 1280, height: int = 960) -> bytes:
    """A JPEG as Telegram sends it: JFIF, no metadata, about 260 kB at the default size."""
    noise = random.Random(20).randbytes(width // 4 * (height // 4) * 3)
    grain = Image.frombytes("RGB", (width // 4, height // 4), noise)
    return saved(grain.resize((width, height), Image.Resampling.BICUBIC), "JPEG", quality=45)


def jpeg(width: int = 640, height: int = 480, **options: Any) -> bytes:
    """A plain JPEG; `options` go to Pillow's encoder (`quality`, `progressive`, `comment`, `icc_profile`, ...)."""
    return saved(canvas(width, height), "JPEG", **{"quality": 90, **options})


def jpeg_with_metadata(width: int = 640, height: int = 480, *, orientation: int = 1, **options: Any) -> bytes:
    """A JPEG with EXIF (camera model and orientation), XMP, a Photoshop block, and a comment."""
    body = jpeg(width, height, exif=_exif(orientation), xmp=f"<x>{CAMERA}</x>".encode(), comment=b"kept", **options)
    photoshop = b"Photoshop 3.0\x008BIM" + CAMERA.encode()
    return body[:2] + b"\xff\xed" + struct.pack(">H", len(photoshop) + 2) + photoshop + body[2:]


def exif_rotated_jpeg(width: int = 640, height: int = 480, orientation: int = 6) -> bytes:
    """A JPEG stored as `width` x `height` that is to be shown turned (by default a quarter clockwise)."""
    return jpeg_with_metadata(width, height, orientation=orientation)


def cmyk_jpeg(width: int = 640, height: int = 480) -> bytes:
    """A JPEG for printing, with four components and Adobe's inverted values."""
    return saved(canvas(width, height).convert("CMYK"), "JPEG", quality=90)


def png(width: int = 640, height: int = 480, mode: str = "RGB", **options: Any) -> bytes:
    """A PNG in any mode that Pillow writes: RGB, RGBA, L, LA, P, 1."""
    return saved(canvas(width, height, mode), "PNG", **options)


def png_with_metadata(width: int = 640, height: int = 480, *, orientation: int = 1) -> bytes:
    """A PNG with EXIF and a text chunk."""
    return _with_text_chunk(png(width, height, exif=_exif(orientation)), CAMERA)


def png_16_bit(width: int = 640, height: int = 480) -> bytes:
    """A grey PNG of 16 bits per sample, mid-grey all over."""
    return saved(Image.new("I;16", (width, height), 0x8000), "PNG")


def animated_png(width: int = 640, height: int = 480) -> bytes:
    """A PNG of three frames; the first is the usual canvas."""
    return _animation("PNG", width, height)


def webp(width: int = 640, height: int = 480, mode: str = "RGB", **options: Any) -> bytes:
    """A WebP; `lossless=True` makes the other bitstream, mode RGBA the extended container."""
    return saved(canvas(width, height, mode), "WEBP", **options)


def webp_with_metadata(width: int = 640, height: int = 480, *, orientation: int = 1) -> bytes:
    """A WebP with EXIF and XMP."""
    return webp(width, height, exif=_exif(orientation), xmp=CAMERA.encode())


def animated_webp(width: int = 640, height: int = 480) -> bytes:
    """A WebP of three frames; the first is the usual canvas."""
    return _animation("WEBP", width, height)


def gif(width: int = 640, height: int = 480) -> bytes:
    """A GIF of one frame."""
    return saved(canvas(width, height), "GIF")


def animated_gif(width: int = 640, height: int = 480) -> bytes:
    """A GIF of three frames; the first is the usual canvas."""
    return _animation("GIF", width, height, comment=CAMERA)


def bmp(width: int = 640, height: int = 480, mode: str = "RGB") -> bytes:
    """A BMP."""
    return saved(canvas(width, height, mode), "BMP")


def tiff(width: int = 640, height: int = 480, mode: str = "RGB", **options: Any) -> bytes:
    """A TIFF; `compression` may be `tiff_lzw`, `jpeg`, `group4`, ..."""
    return saved(canvas(width, height, mode), "TIFF", **options)


def heic(width: int = 640, height: int = 480) -> bytes:
    """A HEIC file as phones make them."""
    target = BytesIO()
    from_pillow(canvas(width, height)).save(target, quality=80)
    return target.getvalue()


def icc_profile(*, red_means_green: bool = False) -> bytes:
    """The sRGB profile, or one that swaps red and green, so that it shows whether somebody applied it."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if red_means_green:
        return profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    return profile


@functools.cache
def bomb_png(megapixels: int = 200) -> bytes:
    """A valid PNG of a few kilobytes that decodes to `megapixels` million pixels; two wide, one high."""
    height = math.isqrt(megapixels * 1_000_000 // 2)
    width = 2 * height
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)  # a filter type and one bit per pixel
    pixels = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file with its length and checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def jpeg_of_size(size: int = TWENTY_MEGABYTES_AND_A_BIT) -> bytes:
    """A valid small picture in a JPEG file of exactly `size` bytes (4 or more above its need), full of comments."""
    body = jpeg(64, 64)
    missing = size - len(body)
    padding = bytearray()
    while missing:
        step = min(missing, 0xFFFF + 2)
        if 0 < missing - step < 4:  # a comment needs four bytes for itself
            step -= 4
        padding += b"\xff\xfe" + struct.pack(">H", step - 2) + bytes(step - 4)
        missing -= step
    scan = body.index(b"\xff\xda")
    return body[:scan] + bytes(padding) + body[scan:]


def truncated(body: bytes, share: float = 0.6) -> bytes:
    """The first part of a file, as an interrupted download leaves it."""
    return body[: int(len(body) * share)]


def opened(body: bytes) -> Image.Image:
    """The decoded picture in `body`, to look at its pixels."""
    with Image.open(BytesIO(body)) as picture:
        picture.load()
        return picture


def saved(picture: Image.Image, image_format: str, **options: Any) -> bytes:
    """The file that Pillow makes of any picture."""
    target = BytesIO()
    picture.save(target, image_format, **options)
    return target.getvalue()


def _animation(image_format: str, width: int, height: int, **options: Any) -> bytes:
    first = canvas(width, height)
    others = [first.transpose(Image.Transpose.ROTATE_180), first.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    return saved(first, image_format, save_all=True, append_images=others, duration=100, **options)


def _exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[EXIF_CAMERA] = CAMERA
    exif[EXIF_ORIENTATION] = orientation
    return exif.tobytes()


def _with_text_chunk(body: bytes, text: str) -> bytes:
    header_end = 8 + 25  # signature and IHDR
    return body[:header_end] + png_chunk(b"tEXt", b"Comment\0" + text.encode()) + body[header_end:]
