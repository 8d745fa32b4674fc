"""What a model that writes says: true things about pictures that can be measured, in pieces like tokens."""

import re
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageFilter, ImageStat

from mock_server.replicate.pictures.colour_names import main_colours
from mock_server.replicate.pictures.decoding import decoded, flat

MOST_DESCRIBED = 4
LONGEST_ECHO = 300
PIECE = re.compile(r"\s*\S{1,6}|\s+")
"""About the size of a token."""
WANTS_A_DESCRIPTION = re.compile(
    r"describ|caption|what.*(see|picture|photo|image)|опиш|descrev|묘사|설명", re.IGNORECASE
)
SAMPLE = (256, 256)
RATIOS = {"square": 1.0, "4:3": 4 / 3, "3:2": 3 / 2, "16:9": 16 / 9, "2:1": 2.0, "5:4": 5 / 4}
PLACES = ("left", "middle", "right")
ROWS = ("upper", "central", "lower")


def answer(model: str, prompt: str, pictures: Sequence[bytes]) -> str:
    """The whole text.

    Raises:
        PictureError: an input cannot be decoded.
    """
    shown = " ".join(prompt.split())[:LONGEST_ECHO]
    if not pictures:
        asked = f"You asked: {shown}" if shown else "You asked nothing"
        return f"This is {model}, imitated: it can measure pictures, but neither think nor know. {asked}"
    texts = [describe(flat(decoded(data))) for data in pictures[:MOST_DESCRIBED]]
    if len(texts) > 1:
        texts = [f"Picture {number}: {text}" for number, text in enumerate(texts, start=1)]
    if shown and not WANTS_A_DESCRIPTION.search(shown):
        texts.append(f"That is all that {model}, imitated, can tell by measuring. You asked: {shown}")
    return "\n\n".join(texts)


def describe(picture: Image.Image) -> str:
    """Three sentences: format and light; colours; sharpness and where the detail is."""
    small = picture.resize(SAMPLE, Image.Resampling.BOX)
    return f"{_format_and_light(picture.size, small)} {_colours(small)} {_detail(picture, small)}"


def pieces_of(text: str, most: int | None = None) -> list[str]:
    """The text in pieces of a few letters that make it again when joined, `most` of them at most."""
    return PIECE.findall(text)[:most]


def _format_and_light(size: tuple[int, int], small: Image.Image) -> str:
    width, height = size
    light = ImageStat.Stat(small.convert("L"))
    mean, spread = light.mean[0] / 255, light.stddev[0]
    brightness = _word(
        mean, ((0.18, "very dark"), (0.38, "dark"), (0.62, "of medium brightness"), (0.82, "bright")), "very bright"
    )
    contrast = _word(spread, ((28, "little"), (58, "moderate")), "strong")
    upper, lower = (
        ImageStat.Stat(small.convert("L").crop(box)).mean[0] for box in ((0, 0, 256, 128), (0, 128, 256, 256))
    )
    lit = ""
    if abs(upper - lower) > 20:
        lit = ", lighter at the top" if upper > lower else ", lighter at the bottom"
    return (
        f"The picture is {width} by {height} pixels, {_form(width, height)}, and {brightness} "
        f"({mean:.0%} on average) with {contrast} contrast{lit}."
    )


def _form(width: int, height: int) -> str:
    ratio = max(width, height) / min(width, height)
    name = next((name for name, known in RATIOS.items() if abs(ratio - known) < 0.02), f"{ratio:.2f}:1")
    if name == "square":
        return "a square"
    if width > height:
        return f"a landscape format of {name}"
    return f"a portrait format of {':'.join(reversed(name.split(':')))}"


def _colours(small: Image.Image) -> str:
    saturation = ImageStat.Stat(small.convert("HSV").getchannel("S")).mean[0] / 255
    names = [f"{name} ({share:.0%})" for name, share in main_colours(small) if share >= 0.01]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    if saturation < 0.06:
        return f"It has hardly any colour: it is mostly {listed}."
    red, _, blue = ImageStat.Stat(small).mean
    mood = "warm" if red > blue + 12 else "cool" if blue > red + 12 else "balanced"
    strength = _word(saturation, ((0.2, "muted"), (0.5, "moderately strong")), "strong")
    return f"Its colours are {strength} and {mood}, mostly {listed}."


def _detail(picture: Image.Image, small: Image.Image) -> str:
    grey = small.convert("L")
    edges = ImageChops.difference(grey, grey.filter(ImageFilter.GaussianBlur(2)))
    cells = edges.resize((3, 3), Image.Resampling.BOX)
    values = list(cells.tobytes())
    place = values.index(max(values))
    where = f"{ROWS[place // 3]} {PLACES[place % 3]}" if place != 4 else "middle"
    even = max(values) < 1.4 * (sum(values) / 9 + 0.5)
    crop = min(picture.width, 512), min(picture.height, 512)
    left, top = (picture.width - crop[0]) // 2, (picture.height - crop[1]) // 2
    fine = picture.crop((left, top, left + crop[0], top + crop[1])).convert("L")
    strength = ImageStat.Stat(ImageChops.difference(fine, fine.filter(ImageFilter.GaussianBlur(1)))).mean[0]
    sharpness = _word(strength, ((0.8, "soft"), (2.5, "fairly sharp")), "sharp or grainy")
    spread = "detail is spread evenly over it" if even else f"most of the detail is in the {where} part"
    return f"It looks {sharpness} in the middle, and {spread}."


def _word(value: float, steps: Sequence[tuple[float, str]], last: str) -> str:
    return next((word for limit, word in steps if value < limit), last)
