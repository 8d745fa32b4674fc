"""From a walked container to pixels that every model reads, and back to a file without any metadata.

The decoder classes are called directly: `PIL.Image.open` would choose among all registered formats, and would warn of
big pictures that our own limits have let pass.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from types import MappingProxyType
from typing import BinaryIO

from PIL import Image, ImageCms
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pillow_heif import HeifImageFile

from bot.jobs.images.formats import Container, ImageFormat, malformed, truncated, unsupported
from bot.jobs.images.refusals import ImageLimits, ImageRefusedError

JPEG_QUALITY = 95
"""A re-encoded picture is the model's input: its losses must stay below what can be seen."""

_OPENERS: Mapping[ImageFormat, type[ImageFile]] = MappingProxyType(
    {
        ImageFormat.JPEG: JpegImageFile,
        ImageFormat.PNG: PngImageFile,
        ImageFormat.WEBP: WebPImageFile,
        ImageFormat.GIF: GifImageFile,
        ImageFormat.BMP: BmpImageFile,
        ImageFormat.TIFF: TiffImageFile,
        ImageFormat.HEIC: HeifImageFile,
    },
)
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# 32-bit integers, floats and Lab come from laboratories, not from people with a photo.
_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"})
_MAX_PROFILE_BYTES = 4 * 1024 * 1024  # the biggest printing profiles have 3 MB


@contextmanager
def decoder_errors(image_format: ImageFormat) -> Iterator[None]:
    """Turn whatever a decoder throws at hostile bytes into a refusal, with the cause chained.

    Raises:
        ImageRefusedError: truncated when the decoder ran out of bytes, else not_an_image.
    """
    try:
        yield
    except ImageRefusedError:
        raise
    except Exception as error:  # no list of what seven decoders raise on garbage would stay complete
        refusal = truncated if "truncated" in str(error).lower() else malformed
        raise refusal(image_format) from error


def open_image(image_format: ImageFormat, source: BinaryIO) -> ImageFile:
    """The decoder for exactly this format, with headers read and no pixel decoded (run it in `decoder_errors`)."""
    return _OPENERS[image_format](source)


def decode(container: Container, limits: ImageLimits) -> Image.Image:
    """The decoded pixels of a walked file, upright, in the mode they were stored in.

    Raises:
        ImageRefusedError: truncated, not_an_image, or a limit that the decoder's own view of the size breaks.
    """
    with decoder_errors(container.format), open_image(container.format, BytesIO(container.clean)) as image:
        limits.check_dimensions(*image.size)
        image.load()
        limits.check_dimensions(*image.size)  # a HEVC picture need not have the size its box promised
        return upright(image, container.orientation)


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """`image` turned and mirrored as its EXIF orientation asks."""
    transposition = _TRANSPOSITIONS.get(orientation)
    return image if transposition is None else image.transpose(transposition)


def to_rgb(image: Image.Image, image_format: ImageFormat) -> Image.Image:
    """`image` in 8-bit sRGB: RGBA where something is transparent, RGB otherwise.

    Raises:
        ImageRefusedError: unsupported_format for pixels that are no colours, such as floats.
    """
    if image.mode.startswith("I;16"):
        # A plain conversion would clip at 255 instead of scaling.
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode not in _MODES:
        raise unsupported(image_format.name)
    with decoder_errors(image_format):
        image = _in_srgb(image)
        if not image.has_transparency_data:
            return image.convert("RGB")
        image = image.convert("RGBA")
        opaque = image.getchannel("A").getextrema() == (255, 255)
        return image.convert("RGB") if opaque else image


def _in_srgb(image: Image.Image) -> Image.Image:
    """Colours as the embedded profile means them; models ignore profiles, so a wide-gamut photo would look dull."""
    profile = image.info.get("icc_profile")
    if image.mode not in {"RGB", "RGBA", "CMYK"} or not profile or len(profile) > _MAX_PROFILE_BYTES:
        return image
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a broken profile: the colours as they are
        return image
    return image if converted is None else converted


def encode(image: Image.Image) -> tuple[bytes, ImageFormat]:
    """A file of an RGB (JPEG) or RGBA (PNG) picture, with nothing in it but pixels."""
    # Encoders write comments and profiles that they find in `info`.
    image.info.clear()
    target = BytesIO()
    image_format = ImageFormat.PNG if image.mode == "RGBA" else ImageFormat.JPEG
    if image_format is ImageFormat.PNG:
        image.save(target, "PNG")
    else:
        image.save(target, "JPEG", quality=JPEG_QUALITY)
    return target.getvalue(), image_format
