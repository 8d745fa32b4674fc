"""The pictures the mock makes: visible, different per family and seed, the same bytes for the same order.

Blocking code without I/O on the network; it runs in the painter's threads only.
"""

import colorsys
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from mock_server.replicate.labels import draw_label, draw_prompt
from mock_server.replicate.model_spec import Family

MOST_PIXELS_IN = 60_000_000
MOST_PIXELS_OUT = 16_000_000
WORKING_EDGE = 1600
"""Filters run on at most this edge; their result is scaled back. A mock need not sharpen every pixel."""
EMPTY_SIZE = (512, 512)
LARGEST_SCALE = 10.0


class PictureError(Exception):
    """An input no picture can be made from; the text is what the model reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintOrder:
    """All that a result depends on."""

    family: Family
    label: str
    pictures: tuple[bytes, ...] = ()
    prompt: str = ""
    seed: int = 0
    scale: float = 1.0
    background: str = "rgba"
    picture_format: Literal["png", "jpg"] = "png"


def paint(order: PaintOrder, path: Path) -> None:
    """Makes the result and writes it to `path`.

    Raises:
        PictureError: an input cannot be decoded, or has too many pixels.
    """
    pictures = [_decode(data) for data in order.pictures]
    result = _PAINTERS[order.family](order, pictures)
    _frame(result, order)
    if order.picture_format == "jpg":
        result.convert("RGB").save(path, "JPEG", quality=88)
    else:
        result.save(path, "PNG", compress_level=1)


def _decode(data: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data))
        if picture.width * picture.height > MOST_PIXELS_IN:
            raise PictureError(f"Image of {picture.width}x{picture.height} pixels is too large to process")
        return ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError("cannot identify image file: the input is no image, or a broken one") from None


def _restore(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    clean = _working_copy(pictures[0]).filter(ImageFilter.BoxBlur(1))
    clean = ImageEnhance.Color(ImageOps.autocontrast(clean, cutoff=1)).enhance(1.35)
    sharp = clean.filter(ImageFilter.SHARPEN)
    return sharp.resize(_scaled(pictures[0].size, order.scale), Image.Resampling.BILINEAR)


def _upscale(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    picture = pictures[0]
    sharp = picture.filter(ImageFilter.SHARPEN) if max(picture.size) <= WORKING_EDGE else picture
    return sharp.resize(_scaled(picture.size, order.scale), Image.Resampling.BICUBIC)


def _cut_out(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    picture = pictures[0]
    work = _working_copy(picture)
    corners = [(0, 0), (work.width - 1, 0), (0, work.height - 1), (work.width - 1, work.height - 1)]
    colours = [work.getpixel(corner) for corner in corners]
    mean = tuple(sum(channel) // 4 for channel in zip(*colours, strict=True))
    distance = ImageChops.difference(work, Image.new("RGB", work.size, mean)).convert("L")
    oval = Image.new("L", work.size, 0)
    width, height = work.size
    ImageDraw.Draw(oval).ellipse((width * 0.12, height * 0.06, width * 0.88, height * 1.2), fill=255)
    subject = ImageChops.lighter(distance.point(lambda value: 255 if value > 48 else 0), oval)
    alpha = ImageChops.multiply(subject, oval).filter(ImageFilter.GaussianBlur(max(work.size) / 200))
    result = picture.convert("RGBA")
    result.putalpha(alpha.resize(picture.size))
    if order.background == "rgba" or order.background not in ImageColor.colormap:
        return result
    return Image.alpha_composite(Image.new("RGBA", picture.size, order.background), result)


def _edit(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    picture = pictures[0] if pictures else _empty_canvas(order.seed)
    toned = ImageOps.colorize(picture.convert("L"), "#101020", _colour(order.seed, 1.0), mid="#909090")
    result = Image.blend(picture, toned, 0.4)
    for place, extra in enumerate(pictures[1:4]):
        thumb = ImageOps.contain(extra, (picture.width // 4 or 1, picture.height // 4 or 1))
        result.paste(thumb, (picture.width - thumb.width, place * thumb.height))
    draw_prompt(result, order.prompt)
    return result


def _try_on(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    result = pictures[0].copy()
    width, height = result.size
    for place, garment in enumerate(pictures[1:]):
        worn = ImageOps.contain(garment, (max(1, width * 5 // 10), max(1, height * 5 // 10)))
        mask = Image.new("L", worn.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, *worn.size), radius=min(worn.size) // 5, fill=225)
        result.paste(worn, ((width - worn.width) // 2, height // 3 + place * height // 10), mask)
        shown = ImageOps.contain(garment, (max(1, width // 5), max(1, height // 5)))
        result.paste(shown, (width - shown.width, place * shown.height))
    draw_prompt(result, order.prompt)
    return result


def _generic(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    if not pictures:
        result = _empty_canvas(order.seed)
        draw_prompt(result, order.prompt)
        return result
    left = pictures[0]
    right = ImageOps.posterize(ImageOps.solarize(left, 128 + order.seed % 96), 3)
    half = left.width // 2
    result = left.copy()
    result.paste(right.crop((half, 0, left.width, left.height)), (half, 0))
    return result


def _frame(result: Image.Image, order: PaintOrder) -> None:
    edge = max(2, min(result.size) // 60)
    box = (0, 0, result.width - 1, result.height - 1)
    ImageDraw.Draw(result).rectangle(box, outline=_colour(order.seed, 0.9), width=edge)
    draw_label(result, f"{order.label} · seed {order.seed}", edge)


def _working_copy(picture: Image.Image) -> Image.Image:
    if max(picture.size) <= WORKING_EDGE:
        return picture
    return ImageOps.contain(picture, (WORKING_EDGE, WORKING_EDGE))


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """`size` times `scale`, within the pixel limit but never below the size itself."""
    width, height = size
    most = (MOST_PIXELS_OUT / (width * height)) ** 0.5
    factor = max(1.0, min(scale, LARGEST_SCALE, most))
    return round(width * factor), round(height * factor)


def _empty_canvas(seed: int) -> Image.Image:
    draw = random.Random(seed)  # noqa: S311 -- a picture, not a secret
    small = Image.new("RGB", (4, 4))
    small.putdata([tuple(draw.randrange(40, 256) for _ in range(3)) for _ in range(16)])
    return small.resize(EMPTY_SIZE, Image.Resampling.BICUBIC)


def _colour(seed: int, brightness: float) -> tuple[int, int, int]:
    hue = (seed * 0.618033988749895) % 1.0  # the golden ratio keeps neighbouring seeds apart
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, brightness)
    return int(red * 255), int(green * 255), int(blue * 255)


_PAINTERS: dict[Family, Callable[[PaintOrder, list[Image.Image]], Image.Image]] = {
    Family.RESTORE: _restore,
    Family.UPSCALE: _upscale,
    Family.CUTOUT: _cut_out,
    Family.EDIT: _edit,
    Family.TRY_ON: _try_on,
    Family.GENERIC: _generic,
}
