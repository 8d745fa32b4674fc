"""A small JPEG of a result that Telegram does not take as a photo; the result itself goes as a document."""

from io import SEEK_END, BytesIO
from typing import BinaryIO

from PIL import Image
from PIL.ImageFile import ImageFile

from bot.jobs.images.decoding import decoder_errors, open_image, upright
from bot.jobs.images.formats import ImageFormat
from bot.jobs.images.outputs import PHOTO_MAX_RATIO, read_header
from bot.jobs.images.refusals import check_pixels
from bot.jobs.images.tiff import exif_orientation

PREVIEW_MAX_PIXELS = 64_000_000
"""What is decoded at most: 300 MB of memory, twice that with transparency. Beyond it there is no preview."""

_SCALED_JPEG_MAX_PIXELS = 4 * PREVIEW_MAX_PIXELS  # a JPEG is decoded at 1/2, 1/4 or 1/8, yet all of it is read
_QUALITY = 87
_BACKGROUND = "white"


def preview_jpeg(source: BinaryIO, *, max_side: int = 1280) -> bytes:
    """A JPEG of the picture in the seekable `source`, no side above `max_side` pixels, that sendPhoto always takes.

    Transparent parts become white; a picture that is too long for a photo gets white margins.

    Raises:
        ImageRefusedError: too_many_pixels, and what a broken file is refused for.
    """
    image_format, width, height = read_header(source, source.seek(0, SEEK_END))
    # Before anything else: some decoders allocate the picture as soon as they see the file.
    check_pixels(width, height, _SCALED_JPEG_MAX_PIXELS if image_format is ImageFormat.JPEG else PREVIEW_MAX_PIXELS)
    source.seek(0)
    with decoder_errors(image_format), open_image(image_format, source) as image:
        _limit_decoding(image, image_format, max_side)
        orientation = exif_orientation(image.info.get("exif", b"").removeprefix(b"Exif\0\0"))
        small = _with_smooth_colours(image)
        small.thumbnail((max_side, max_side), reducing_gap=2.0)
        small = _with_margins(_on_background(upright(small, orientation)))
        target = BytesIO()
        small.info.clear()
        small.save(target, "JPEG", quality=_QUALITY)
        return target.getvalue()


def _limit_decoding(image: ImageFile, image_format: ImageFormat, max_side: int) -> None:
    # A progressive JPEG is held whole in memory, whatever the scale.
    if image_format is ImageFormat.JPEG and not image.info.get("progressive"):
        image.draft("RGB", (max_side, max_side))  # never below that size
    check_pixels(*image.size, PREVIEW_MAX_PIXELS)


def _with_smooth_colours(image: Image.Image) -> Image.Image:
    """Colours instead of palette indices, which cannot be averaged."""
    if image.mode not in {"1", "P", "PA"}:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _on_background(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    canvas = Image.new("RGB", layer.size, _BACKGROUND)
    canvas.paste(layer, mask=layer.getchannel("A"))
    return canvas


def _with_margins(image: Image.Image) -> Image.Image:
    shortest = -(-max(image.size) // PHOTO_MAX_RATIO)  # rounded up
    width, height = max(image.width, shortest), max(image.height, shortest)
    if (width, height) == image.size:
        return image
    canvas = Image.new("RGB", (width, height), _BACKGROUND)
    canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return canvas
