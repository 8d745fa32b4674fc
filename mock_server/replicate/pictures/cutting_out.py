"""The subject without its background, or before another one."""

import re

from PIL import Image, ImageColor, ImageFilter, ImageOps

from mock_server.replicate.pictures.decoding import flat, own_alpha
from mock_server.replicate.pictures.order import PaintOrder
from mock_server.replicate.pictures.segmentation import subject_mask

RGB_LIST = re.compile(r"\s*\[?\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\]?\s*")
GREEN = (120, 255, 155)
OVERLAY_TINT = (255, 30, 30)


def cut_out(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    """RGBA for a transparent background, RGB for any other."""
    picture = flat(pictures[0])
    mask = _mask(order, pictures[0], picture)
    background = order.options.word("background_type", "rgba").strip().lower()
    if background == "map":
        return mask
    if background == "overlay":
        tint = Image.blend(picture, Image.new("RGB", picture.size, OVERLAY_TINT), 0.45)
        return Image.composite(tint, picture, mask)
    if background == "blur":
        return Image.composite(picture, picture.filter(ImageFilter.GaussianBlur(max(4, picture.width / 60))), mask)
    colour = _colour(background)
    if colour is not None:
        return Image.composite(picture, Image.new("RGB", picture.size, colour), mask)
    result = picture.convert("RGBA")
    result.putalpha(mask)
    return result


def _mask(order: PaintOrder, sent: Image.Image, picture: Image.Image) -> Image.Image:
    """What stays: the picture's own transparency where it has some, else the subject."""
    mask = own_alpha(sent) or subject_mask(picture)
    threshold = order.options.number("threshold", default=0, least=0, most=1)
    if threshold > 0:
        mask = mask.point(lambda value: 255 if value > threshold * 255 else 0)
    return ImageOps.invert(mask) if order.options.flag("reverse") else mask


def _colour(text: str) -> tuple[int, ...] | None:
    if match := RGB_LIST.fullmatch(text):
        return tuple(min(255, int(part)) for part in match.groups())
    if text == "green":
        return GREEN
    return ImageColor.getrgb(text)[:3] if text in ImageColor.colormap else None
