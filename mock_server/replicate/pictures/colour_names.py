"""The names of a picture's main colours, with their shares."""

from collections import Counter

from PIL import Image

NAMED = {
    "black": (12, 12, 12),
    "dark grey": (70, 70, 70),
    "grey": (128, 128, 128),
    "light grey": (195, 195, 195),
    "white": (248, 248, 248),
    "dark red": (120, 20, 20),
    "red": (215, 35, 35),
    "orange": (240, 140, 40),
    "brown": (115, 72, 40),
    "beige": (222, 200, 168),
    "yellow": (245, 220, 60),
    "olive": (125, 125, 50),
    "dark green": (30, 75, 40),
    "green": (60, 165, 70),
    "light green": (160, 215, 140),
    "turquoise": (60, 185, 180),
    "light blue": (150, 195, 235),
    "blue": (50, 100, 205),
    "dark blue": (25, 40, 95),
    "purple": (120, 60, 165),
    "pink": (240, 150, 185),
}
SAMPLE_EDGE = 96
SHADES = 24


def main_colours(picture: Image.Image, most: int = 3) -> list[tuple[str, float]]:
    """The commonest colours of an RGB picture by name, with their shares of it, the largest first."""
    small = picture.resize((SAMPLE_EDGE, SAMPLE_EDGE), Image.Resampling.BOX)
    few = small.quantize(SHADES, method=Image.Quantize.MEDIANCUT)
    palette = few.getpalette() or []
    shares: Counter[str] = Counter()
    for number, count in enumerate(few.histogram()):
        if count:
            red, green, blue = palette[3 * number : 3 * number + 3]
            shares[_nearest((red, green, blue))] += count
    return [(name, count / SAMPLE_EDGE**2) for name, count in shares.most_common(most)]


def _nearest(colour: tuple[int, int, int]) -> str:
    return min(NAMED, key=lambda name: _distance(NAMED[name], colour))


def _distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """How different two colours look: the "redmean".

    https://www.compuphase.com/cmetric.htm
    """
    red_mean = (one[0] + other[0]) / 2
    red, green, blue = (a - b for a, b in zip(one, other, strict=True))
    return (2 + red_mean / 256) * red * red + 4 * green * green + (2 + (255 - red_mean) / 256) * blue * blue
