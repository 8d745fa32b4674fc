"""Widening, narrowing and smoothing of black and white masks: by blurring and a threshold, which costs little.

Pillow's rank filters do the same, but look at every pixel of the window for every pixel of the picture.
"""

from PIL import Image, ImageFilter


def binary(grey: Image.Image, threshold: int) -> Image.Image:
    """White where the picture is brighter than the threshold."""
    return grey.point([255 if value > threshold else 0 for value in range(256)])


def widened(mask: Image.Image, radius: int) -> Image.Image:
    """White spreads by so many pixels, up to 7."""
    return binary(mask.filter(ImageFilter.BoxBlur(radius)), 0)


def narrowed(mask: Image.Image, radius: int) -> Image.Image:
    """White shrinks by so many pixels, up to 7."""
    return binary(mask.filter(ImageFilter.BoxBlur(radius)), 254)


def majority(mask: Image.Image, radius: int) -> Image.Image:
    """What most pixels around are."""
    return binary(mask.filter(ImageFilter.BoxBlur(radius)), 127)


def closed(mask: Image.Image, radius: int) -> Image.Image:
    """Gaps and holes of up to twice the radius are filled."""
    return narrowed(widened(mask, radius), radius)
