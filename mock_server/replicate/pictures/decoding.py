"""Opens what was sent as a picture, within limits, the right way up."""

import io

from PIL import Image, ImageOps

from mock_server.replicate.pictures.order import PictureError

MOST_PIXELS_IN = 60_000_000
CLEAR = 128
CLEAR_SHARE = 0.01
"""Alpha below the one counts as transparent; a picture with more than the other of it was cut out."""
BROKEN = (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning)


def decoded(data: bytes) -> Image.Image:
    """The picture, RGBA where it has transparency, else RGB.

    Raises:
        PictureError: it is none, or broken, or has too many pixels.
    """
    try:
        picture = Image.open(io.BytesIO(data))
        if picture.width * picture.height > MOST_PIXELS_IN:
            raise PictureError(f"Image of {picture.width}x{picture.height} pixels is too large to process")
        transparent = picture.has_transparency_data
        return ImageOps.exif_transpose(picture).convert("RGBA" if transparent else "RGB")
    except BROKEN:
        raise PictureError("cannot identify image file: the input is no image, or a broken one") from None


def own_alpha(picture: Image.Image) -> Image.Image | None:
    """The transparency of a picture that was cut out already; None for any other."""
    if picture.mode != "RGBA":
        return None
    alpha = picture.getchannel("A")
    return alpha if sum(alpha.histogram()[:CLEAR]) > alpha.width * alpha.height * CLEAR_SHARE else None


def flat(picture: Image.Image) -> Image.Image:
    """The picture without transparency: over white, as most models see it."""
    if picture.mode != "RGBA":
        return picture
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
