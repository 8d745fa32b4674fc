"""Text on the mock's pictures: a small mark of the model on each, the prompt on edited ones."""

import textwrap
import threading
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

LONGEST_PROMPT = 300
FONT_FILES = ("DejaVuSans.ttf", "Arial.ttf", "arial.ttf", "Helvetica.ttc")
EAST_ASIAN_FONT_FILES = ("NotoSansCJK-Regular.ttc", "AppleSDGothicNeo.ttc", "malgun.ttf", "NanumGothic.ttf")
"""Usual names on Linux, macOS and Windows; where none is installed, Pillow's own font must do."""
FIRST_EAST_ASIAN = "\u1100"
SMALLEST_LABELLED = 24
"""Pixels; a label would hide what is smaller."""


def draw_label(picture: Image.Image, text: str) -> None:
    """Writes one small line into the lower right corner."""
    if min(picture.size) < SMALLEST_LABELLED:
        return
    size = max(8, min(40, picture.height // 42, int(picture.width * 0.9 / (len(text) * 0.6))))
    draw = ImageDraw.Draw(picture, "RGBA")
    _, top, right, bottom = draw.textbbox((0, 0), text, font=_font(size, text))
    pad = size // 3
    x, y = picture.width - right - 2 * pad, picture.height - (bottom - top) - 2 * pad
    draw.rounded_rectangle(
        (x - pad, y - pad, picture.width + size, picture.height + size), size // 2, fill=(0, 0, 0, 110)
    )
    draw.text((x, y - top), text, font=_font(size, text), fill=(255, 255, 255, 215))


def draw_prompt(picture: Image.Image, prompt: str) -> None:
    """Writes the prompt as a caption along the lower edge, in several lines if need be."""
    words = prompt.encode(errors="replace").decode().split()  # half a surrogate pair cannot be drawn
    shown = textwrap.shorten(" ".join(words), LONGEST_PROMPT, placeholder=" …")
    if not shown or min(picture.size) < SMALLEST_LABELLED:
        return
    size = max(9, min(picture.width, picture.height * 2) // 30)
    text = textwrap.fill(shown, width=max(8, int(picture.width * 0.92 / (size * 0.6))))
    draw = ImageDraw.Draw(picture, "RGBA")
    box = draw.multiline_textbbox((0, 0), text, font=_font(size, text), align="center")
    width, height = box[2] - box[0], box[3] - box[1]
    x, y = (picture.width - width) / 2, max(size, picture.height - height - size * 3)
    frame = (x - size * 0.7, y - size * 0.5, x + width + size * 0.7, y + height + size * 0.6)
    draw.rounded_rectangle(frame, size * 0.5, fill=(0, 0, 0, 140))
    draw.multiline_text(
        (x - box[0], y - box[1]), text, font=_font(size, text), fill=(255, 255, 255, 245), align="center"
    )


def _font(size: int, text: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    east_asian = any("\uffff" >= letter >= FIRST_EAST_ASIAN and not "\u2000" <= letter <= "\u2bff" for letter in text)
    return _font_of_thread(size, east_asian, threading.get_ident())


@lru_cache(maxsize=64)
def _font_of_thread(size: int, east_asian: bool, _thread: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """One font object per thread: FreeType's faces must not be shared."""
    for name in (*(EAST_ASIAN_FONT_FILES if east_asian else ()), *FONT_FILES):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
