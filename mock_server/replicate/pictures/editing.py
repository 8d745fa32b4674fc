"""Pictures edited, combined or drawn as a prompt says: looks and colours it names, and the prompt itself as caption."""

import colorsys

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from mock_server.replicate.models.spec import Family
from mock_server.replicate.pictures.labels import draw_prompt
from mock_server.replicate.pictures.landscapes import landscape
from mock_server.replicate.pictures.looks import looks_of, tint_of, tinted
from mock_server.replicate.pictures.order import PaintOrder
from mock_server.replicate.pictures.sizes import WORKING_EDGE, area_size, ratio_of, within, working_copy

MEGAPIXEL = 1024 * 1024
EDGES = {"1K": 1, "2K": 4, "4K": 16}
"""Megapixels by the names of sizes."""
UNDESCRIBED_MEGAPIXELS = 0.25
"""What a model nobody described draws: a test runs many of them."""
LARGEST_EDGE = 4096
MOST_INSETS = 4
UNASKED_TINT, VARIATION = 0.9, 0.22
"""How much of the seed's colour shows when the prompt asks for nothing known, and when it does."""
GOLDEN_RATIO = 0.618033988749895
"""Keeps the colours of neighbouring seeds apart."""


def edited(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    """The first picture in the look the prompt asks for, further ones laid onto it; without any, a landscape."""
    size = _size(order, pictures)
    inner = within(size, WORKING_EDGE)
    picture = ImageOps.fit(working_copy(pictures[0]), inner) if pictures else landscape(inner, order.seed)
    looks, tint = looks_of(order.prompt), tint_of(order.prompt)
    for look in looks:
        picture = look(picture, order.seed)
    if tint is not None:
        picture = tinted(picture, tint)
    strength = UNASKED_TINT if pictures and not looks and tint is None else VARIATION
    picture = Image.blend(picture, tinted(picture, seed_colour(order.seed)), strength)
    picture = picture.resize(size, Image.Resampling.LANCZOS) if picture.size != size else picture
    _lay_insets(picture, pictures[1 : 1 + MOST_INSETS], order.seed)
    draw_prompt(picture, order.prompt)
    return picture


def seed_colour(seed: int) -> str:
    """A colour as `#rrggbb`."""
    parts = colorsys.hsv_to_rgb(seed * GOLDEN_RATIO % 1.0, 0.8, 1.0)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _size(order: PaintOrder, pictures: list[Image.Image]) -> tuple[int, int]:
    """What ratio, resolution or size the input asks for; else about the size of the first picture."""
    options = order.options
    named = options.word("resolution") or options.word("size")
    if named == "custom":
        width, height = (
            round(options.number(side, default=2048, least=64, most=LARGEST_EDGE)) for side in ("width", "height")
        )
        return width, height
    ratio = ratio_of(options.word("aspect_ratio"))
    if pictures and ratio is None and named not in EDGES:
        return pictures[0].size
    own = pictures[0].width / pictures[0].height if pictures else 1.0
    usual = 1 if order.family is Family.EDIT else UNDESCRIBED_MEGAPIXELS
    return area_size(min(4.0, max(0.25, ratio or own)), EDGES.get(named, usual) * MEGAPIXEL)


def _lay_insets(picture: Image.Image, insets: list[Image.Image], seed: int) -> None:
    """Further pictures as prints along the right side, each a little turned."""
    edge = max(8, min(picture.size) // 4)
    for place, inset in enumerate(insets):
        small = ImageOps.contain(inset, (edge, edge))
        card = Image.new("RGBA", (small.width + edge // 10, small.height + edge // 10), "white")
        card.paste(small, (edge // 20, edge // 20))
        angle = (seed * 7 + place * 11) % 17 - 8
        card = card.rotate(angle, Image.Resampling.BICUBIC, expand=True)
        shadow = Image.new("RGBA", card.size, (0, 0, 0, 0))
        shadow.putalpha(card.getchannel("A").point(lambda value: value // 3))
        x, y = picture.width - card.width - edge // 8, edge // 8 + round(place * edge * 0.9)
        picture.paste(shadow.filter(ImageFilter.GaussianBlur(edge / 40)), (x + edge // 30, y + edge // 30), shadow)
        picture.paste(card, (x, y), card)


def generic(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    """What a model nobody described makes: an edit, with a bar of the seed's colour that tells seeds apart."""
    picture = edited(order, pictures)
    bar = max(1, picture.height // 80)
    ImageDraw.Draw(picture).rectangle((0, 0, picture.width, bar), fill=seed_colour(order.seed))
    return picture
