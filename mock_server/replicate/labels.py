"""Text on the mock's pictures: the model's name on each, the prompt on edited ones."""

import textwrap
import threading
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

LONGEST_PROMPT = 400
FONT_FILE = "DejaVuSans.ttf"
"""Covers Cyrillic and Greek; where it is not installed, Pillow's own font must do."""


def draw_label(picture: Image.Image, text: str, margin: int) -> None:
    """Writes one line into the lower left corner."""
    size = _fitting_size(picture, text)
    font = _font(size)
    draw = ImageDraw.Draw(picture, "RGBA")
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    x, y = margin * 2, picture.height - margin * 2 - (bottom - top) - 4
    draw.rectangle((x - 3, y - 3, x + right - left + 3, y + bottom - top + 3), fill=(0, 0, 0, 255))
    draw.text((x - left, y - top), text, font=font, fill=(255, 255, 255, 255))


def draw_prompt(picture: Image.Image, prompt: str) -> None:
    """Writes the prompt across the upper part, in several lines."""
    words = prompt.encode(errors="replace").decode().split()  # half a surrogate pair cannot be drawn
    shown = " ".join(words)[:LONGEST_PROMPT]
    if not shown:
        return
    size = max(10, picture.width // 24)
    text = textwrap.fill(shown, width=max(8, int(picture.width / (size * 0.62))))
    draw = ImageDraw.Draw(picture, "RGBA")
    font = _font(size)
    box = draw.multiline_textbbox((size, size), text, font=font)
    draw.rectangle((box[0] - 6, box[1] - 6, box[2] + 6, box[3] + 6), fill=(0, 0, 0, 150))
    draw.multiline_text((size, size), text, font=font, fill=(255, 255, 255, 255))


def _fitting_size(picture: Image.Image, text: str) -> int:
    by_height, by_width = picture.height // 28, int(picture.width * 0.9 / (len(text) * 0.6))
    return max(8, min(96, by_height, by_width))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return _font_of_thread(size, threading.get_ident())


@lru_cache(maxsize=64)
def _font_of_thread(size: int, _thread: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """One font object per thread: FreeType's faces must not be shared."""
    try:
        return ImageFont.truetype(FONT_FILE, size)
    except OSError:
        return ImageFont.load_default(size)
