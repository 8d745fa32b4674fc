"""Finds the subject of a picture: what differs from its borders, sits in the middle, and shares colours.

Four steps, each a well-known idea in its smallest form, on a small copy: how hard it is to get from the border to a
pixel without crossing an edge; which colours that makes the subject's; the connected piece in the middle; and edges
taken from the picture itself (a guided filter, https://kaiminghe.github.io/eccv10/).
"""

from collections.abc import Callable
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageMath

from mock_server.replicate.pictures.masks import binary, closed, majority, widened
from mock_server.replicate.pictures.people import find_face, person_shape
from mock_server.replicate.pictures.sizes import smaller

SMALLEST_EDGE = 8
SMALL_EDGE = 160
FINE_EDGE = 768
COLOURS = 48
ROUNDS = 4
"""How often the subject's colours are learned again from what they found."""
STEPS = 120
"""How far, in pixels of the small copy, a way from the border may lead."""
STEP_COST = 1
EDGE_WEIGHT = 0.9
BOTTOM_OPEN = (0.18, 0.82)
"""Subjects stand on the lower border: this part of it does not count as background."""
SMALLEST_SHARE, LARGEST_SHARE = 0.02, 0.97
GUIDE_RADIUS = 8
GUIDE_EPSILON = 40.0


def subject_mask(picture: Image.Image) -> Image.Image:
    """The subject of an RGB picture as an `L` mask of its size, soft at the edges; an oval where none is found.

    A picture of a few pixels is all subject.
    """
    if min(picture.size) < SMALLEST_EDGE:
        return Image.new("L", picture.size, 255)
    small = smaller(picture, SMALL_EDGE).filter(ImageFilter.MedianFilter(3))
    mask = _found(small)
    fine = smaller(picture, FINE_EDGE)
    return _guided(fine.convert("L"), mask.resize(fine.size, Image.Resampling.BILINEAR)).resize(
        picture.size, Image.Resampling.BICUBIC
    )


def _found(small: Image.Image) -> Image.Image:
    prior = ImageChops.multiply(_far_from_border(small), _central(small.size))
    prior = _stretched(prior.filter(ImageFilter.GaussianBlur(1.5)))
    mask = binary(prior, _otsu(prior))
    if (face := find_face(small)) is not None:
        person = person_shape(face, small.size)
        prior = ImageChops.lighter(prior.point(lambda value: value * 3 // 4), person)
        mask = ImageChops.lighter(mask, binary(person, 127))
    palette = small.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    index = Image.frombytes("L", palette.size, palette.tobytes())
    for _ in range(ROUNDS):
        mask = _by_colour(index, mask, prior)
    mask = _one_piece(closed(mask, 3))
    share = mask.histogram()[255] / (mask.width * mask.height)
    return mask if SMALLEST_SHARE <= share <= LARGEST_SHARE else _oval(small.size)


def _far_from_border(small: Image.Image) -> Image.Image:
    """The cost of the cheapest way from the border to each pixel; crossing edges costs."""
    across, down = _edge_costs(small)
    cost = Image.new("L", small.size, 255)
    width, height = small.size
    draw = ImageDraw.Draw(cost)
    draw.rectangle((0, 0, width - 1, height - 1), outline=0)
    left, right = (round(width * share) for share in BOTTOM_OPEN)
    draw.line((left, height - 1, right, height - 1), fill=255)
    draw.rectangle((1, 1, width - 2, height - 2), outline=255)
    left_across, up_down = ImageChops.offset(across, -1, 0), ImageChops.offset(down, 0, -1)
    ways = ((1, 0, across), (-1, 0, left_across), (0, 1, down), (0, -1, up_down))
    for _ in range(min(STEPS, max(small.size))):
        before = cost
        for x, y, step in ways:
            cost = ImageChops.darker(cost, ImageChops.add(ImageChops.offset(cost, x, y), step))
        if not ImageChops.difference(before, cost).getbbox():
            break
    return _stretched(cost)


def _edge_costs(small: Image.Image) -> tuple[Image.Image, Image.Image]:
    """What a step to the right, and a step down, costs at the pixel it leads to; off the far side it cannot lead."""
    costs = []
    for x, y in ((1, 0), (0, 1)):
        bands = ImageChops.difference(small, ImageChops.offset(small, x, y)).split()
        strongest = ImageChops.lighter(ImageChops.lighter(*bands[:2]), bands[2])
        cost = strongest.point(lambda value: min(255, round(STEP_COST + max(0, value - 6) * EDGE_WEIGHT)))
        draw = ImageDraw.Draw(cost)
        draw.line((0, 0, 0, small.height) if x else (0, 0, small.width, 0), fill=255)
        costs.append(cost)
    return costs[0], costs[1]


def _central(size: tuple[int, int]) -> Image.Image:
    """Bright in the middle and towards the middle of the lower border."""
    oval = Image.new("L", (64, 64), 70)
    draw = ImageDraw.Draw(oval)
    draw.ellipse((6, 4, 58, 76), fill=190)
    draw.ellipse((14, 12, 50, 72), fill=255)
    return oval.filter(ImageFilter.GaussianBlur(6)).resize(size, Image.Resampling.BILINEAR)


def _by_colour(index: Image.Image, mask: Image.Image, prior: Image.Image) -> Image.Image:
    """The pixels whose colour (a number) is more at home inside the mask than outside, given the prior."""
    inside = index.histogram(mask)
    outside = index.histogram(ImageChops.invert(mask))
    total_in, total_out = max(1, sum(inside)), max(1, sum(outside))
    table = [_share(inside[i] / total_in, outside[i] / total_out) for i in range(256)]
    likely = index.point(table).filter(ImageFilter.BoxBlur(1))
    weight = prior.point(lambda value: 40 + value * 3 // 4)
    for_it = ImageChops.multiply(likely, weight)
    against = ImageChops.multiply(ImageChops.invert(likely), ImageChops.invert(weight))
    return majority(binary(ImageChops.subtract(for_it, against, 1, 128), 128), 2)


def _share(inside: float, outside: float) -> int:
    return round(255 * inside / (inside + outside)) if inside + outside > 0 else 128


def _one_piece(mask: Image.Image) -> Image.Image:
    """What hangs together with the middle, its holes filled."""
    middle = ImageChops.darker(mask, binary(_central(mask.size), 180))
    seed = middle if middle.getbbox() else mask
    kept = _grown(seed, mask)
    edge = Image.new("L", mask.size, 0)
    ImageDraw.Draw(edge).rectangle((0, 0, mask.width - 1, mask.height - 1), outline=255)
    around = ImageChops.invert(kept)
    return ImageChops.invert(_grown(ImageChops.darker(edge, around), around))


def _grown(seed: Image.Image, within: Image.Image) -> Image.Image:
    """The seed, spread as far as it can go inside `within`."""
    while True:
        spread = ImageChops.darker(widened(seed, 2), within)
        if not ImageChops.difference(spread, seed).getbbox():
            return spread
        seed = spread


def _guided(guide: Image.Image, mask: Image.Image) -> Image.Image:
    """The mask with the edges of the guide: in every small window a linear function of it."""
    size = guide.size

    def mean(image: Image.Image) -> Image.Image:
        return image.reduce(GUIDE_RADIUS).resize(size, Image.Resampling.BILINEAR) if min(size) > GUIDE_RADIUS else image

    light, inside = guide.convert("F"), mask.convert("F")
    values = {"i": mean(light), "p": mean(inside)}
    values["ii"] = mean(_calculated(lambda v: v["a"] * v["a"], a=light))
    values["ip"] = mean(_calculated(lambda v: v["a"] * v["b"], a=light, b=inside))
    slope = _calculated(lambda v: (v["ip"] - v["i"] * v["p"]) / (v["ii"] - v["i"] * v["i"] + GUIDE_EPSILON), **values)
    rest = _calculated(lambda v: v["p"] - v["a"] * v["i"], a=slope, **values)
    result = _calculated(lambda v: v["a"] * v["l"] + v["b"], a=mean(slope), b=mean(rest), l=light)
    hard = result.convert("L").point(lambda value: max(0, min(255, round((value - 70) * 255 / 120))))
    near = binary(mask.filter(ImageFilter.BoxBlur(4)), 8)
    return ImageChops.darker(hard, near.filter(ImageFilter.GaussianBlur(3)))


def _calculated(formula: Callable[[dict[str, Any]], Any], **values: Image.Image) -> Image.Image:
    result: Image.Image = ImageMath.lambda_eval(formula, **values)
    return result


def _otsu(grey: Image.Image) -> int:
    """The threshold that separates two groups of values best.

    https://doi.org/10.1109/TSMC.1979.4310076
    """
    counts = grey.histogram()
    total, weighted = sum(counts), sum(value * count for value, count in enumerate(counts))
    best, threshold, below, sum_below = -1.0, 128, 0, 0
    for value, count in enumerate(counts):
        below += count
        sum_below += value * count
        if 0 < below < total:
            distance = sum_below / below - (weighted - sum_below) / (total - below)
            spread = below * (total - below) * distance * distance
            if spread > best:
                best, threshold = spread, value
    return threshold


def _stretched(grey: Image.Image) -> Image.Image:
    counts = grey.histogram()
    low = next(value for value in range(256) if counts[value])
    high = next(value for value in reversed(range(256)) if counts[value])
    scale = 255 / max(1, high - low)
    return grey.point(lambda value: round((value - low) * scale))


def _oval(size: tuple[int, int]) -> Image.Image:
    oval = Image.new("L", size, 0)
    width, height = size
    ImageDraw.Draw(oval).ellipse((width * 0.12, height * 0.06, width * 0.88, height * 1.2), fill=255)
    return oval
