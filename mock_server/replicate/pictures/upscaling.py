"""More pixels: enlarged in steps, each one sharpened, so that edges stay edges."""

from PIL import Image, ImageFilter

from mock_server.replicate.pictures.order import PaintOrder
from mock_server.replicate.pictures.sizes import scaled

LARGEST_SCALE = 10.0
STEP = 2.0
LARGEST_SHARPENED = 6_000_000
"""Pixels; what is larger is only enlarged."""


def upscaled(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    """The first picture, larger."""
    scale = order.options.number("scale", "upscale", default=4.0, least=1, most=LARGEST_SCALE)
    picture, goal = pictures[0], scaled(pictures[0].size, scale)
    picture = picture.filter(ImageFilter.UnsharpMask(1.0, 60, 2)) if _is_small(picture) else picture
    while picture.width * STEP < goal[0] and _is_small(picture):
        picture = picture.resize((round(picture.width * STEP), round(picture.height * STEP)), Image.Resampling.LANCZOS)
        picture = picture.filter(ImageFilter.UnsharpMask(1.6, 80, 2))
    picture = picture.resize(goal, Image.Resampling.LANCZOS)
    return picture.filter(ImageFilter.UnsharpMask(1.4, 70, 2)) if _is_small(picture) else picture


def _is_small(picture: Image.Image) -> bool:
    return picture.width * picture.height <= LARGEST_SHARPENED
