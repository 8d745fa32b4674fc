"""One page with pictures and lines of text, as PDF and PNG. Uses the processor: run it in a thread."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageDraw, ImageFont

from bot.jobs.images.preview import preview_jpeg
from bot.jobs.images.refusals import ImageRefusedError

# Latin, Cyrillic and Hangul; see fonts/OFL.txt.
_FONT = Path(__file__).with_name("fonts") / "NotoSansKR-Subset.otf"
_DPI = 150
_PAGE = (1240, 1754)  # A4 at 150 dpi
_MARGIN = 64
_GAP = 24
_TITLE_PX, _TEXT_PX, _CAPTION_PX = 40, 24, 20
_INK, _PALE, _FRAME = "#1c1c1e", "#6b6b70", "#d8d8dc"
_QUALITY = 88
_MAX_RATIO = 1.25  # of a cell's height to its width: few pictures do not drift apart


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture with the lines under it; without `source` an empty frame, for what could not be made."""

    source: BinaryIO | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The same page twice."""

    pdf: bytes
    png: bytes


def contact_sheet(title: str, lines: Sequence[str], cells: Sequence[Cell]) -> Sheet:
    """The page of these cells, in their order; as many columns as fill it best.

    One picture at a time is decoded, and only as large as its cell. What cannot be decoded becomes an empty frame.
    """
    page = Image.new("RGB", _PAGE, "white")
    draw = ImageDraw.Draw(page)
    y = _write(draw, _MARGIN, _MARGIN, _PAGE[0] - 2 * _MARGIN, [title], _TITLE_PX, _INK) + _GAP // 2
    y = _write(draw, _MARGIN, y, _PAGE[0] - 2 * _MARGIN, lines, _TEXT_PX, _PALE) + _GAP
    columns = columns_for(len(cells))
    rows = math.ceil(len(cells) / columns)
    width = (_PAGE[0] - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    height = min((_PAGE[1] - _MARGIN - y - (rows - 1) * _GAP) // rows, round(width * _MAX_RATIO))
    for number, cell in enumerate(cells):
        row, column = divmod(number, columns)
        _place(page, draw, cell, (_MARGIN + column * (width + _GAP), y + row * (height + _GAP), width, height))
    return Sheet(_saved(page, "PDF", resolution=_DPI, quality=_QUALITY), _saved(page, "PNG"))


def columns_for(count: int) -> int:
    """How many columns show so many pictures at their largest on a page that is higher than wide."""
    return max(1, min(4, round(math.sqrt(count))))


def _place(page: Image.Image, draw: ImageDraw.ImageDraw, cell: Cell, box: tuple[int, int, int, int]) -> None:
    left, top, width, height = box
    room = height - len(cell.lines) * _line_height(_CAPTION_PX) - 8
    picture = _picture(cell.source, width, room) if cell.source else None
    if picture:
        page.paste(picture, (left + (width - picture.width) // 2, top))
    else:
        draw.rectangle((left, top, left + width - 1, top + room - 1), outline=_FRAME, width=2)
    bottom = top + (picture.height if picture else room)
    _write(draw, left, bottom + 8, width, cell.lines, _CAPTION_PX, _INK)


def _picture(source: BinaryIO, width: int, height: int) -> Image.Image | None:
    try:
        small = Image.open(BytesIO(preview_jpeg(source, max_side=max(width, height))), formats=["JPEG"])
    except ImageRefusedError:
        return None
    small.thumbnail((width, height))
    return small


def _write(
    draw: ImageDraw.ImageDraw, left: int, top: int, width: int, lines: Sequence[str], size: int, colour: str
) -> int:
    """One line below the other, each cut to the width; returns where the next one would begin."""
    for line in lines:
        draw.text((left, top), _cut(line, _font(size), width), font=_font(size), fill=colour)
        top += _line_height(size)
    return top


def _cut(line: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    while line and font.getlength(line) > width:
        line = f"{line[:-2]}…" if len(line) > 1 else ""
    return line


def _line_height(size: int) -> int:
    return math.ceil(size * 1.45)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT, size)


def _saved(page: Image.Image, kind: str, **options: int) -> bytes:
    target = BytesIO()
    page.save(target, kind, **options)
    return target.getvalue()
