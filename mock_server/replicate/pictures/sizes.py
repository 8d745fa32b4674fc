"""How large results are: scaled, cut to a ratio, fitted to an edge, never beyond a limit."""

from PIL import Image

MOST_PIXELS_OUT = 16_000_000
WORKING_EDGE = 1280
"""Filters run on at most this edge; their result is scaled back. A mock need not sharpen every pixel."""


def scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """`size` times `scale`, within the pixel limit but never below the size itself."""
    width, height = size
    most = (MOST_PIXELS_OUT / (width * height)) ** 0.5
    factor = max(1.0, min(scale, most))
    return round(width * factor), round(height * factor)


def within(size: tuple[int, int], edge: int) -> tuple[int, int]:
    """The size, made smaller in proportion if its longer edge is larger."""
    scale = min(1.0, edge / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def working_copy(picture: Image.Image) -> Image.Image:
    """The picture, made smaller if it is larger than the working edge."""
    return smaller(picture, WORKING_EDGE)


def smaller(picture: Image.Image, edge: int) -> Image.Image:
    """The picture, made smaller if its longer edge is larger."""
    size = within(picture.size, edge)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BOX)


def ratio_of(text: str) -> float | None:
    """Width by height of `16:9`; None for anything else, such as `match_input_image`."""
    width, colon, height = text.partition(":")
    if not colon or not (width.isdecimal() and height.isdecimal()) or len(text) > 9:
        return None
    return min(4.0, max(0.25, int(width) / int(height))) if int(width) and int(height) else None


def area_size(ratio: float, pixels: float, step: int = 8) -> tuple[int, int]:
    """A size with this ratio and about so many pixels, in multiples of `step`."""
    pixels = min(pixels, MOST_PIXELS_OUT)
    width = (pixels * ratio) ** 0.5
    return max(step, round(width / step) * step), max(step, round(width / ratio / step) * step)
