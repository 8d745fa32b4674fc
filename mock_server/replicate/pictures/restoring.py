"""Old photos made new: scratches filled, a colour cast and a veil taken off, grain smoothed, edges sharpened."""

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps, ImageStat

from mock_server.replicate.pictures.masks import binary, widened
from mock_server.replicate.pictures.order import PaintOrder
from mock_server.replicate.pictures.sizes import scaled, smaller

RESTORED_EDGE = 1100
"""What is larger is restored at this size and enlarged again: it is smooth then anyway."""
SEARCHED_EDGE = 640
"""Scratches are looked for on a copy of this size, where they are thin."""
SCRATCH_CONTRAST, SCRATCH_SHARE = 6, 0.2
"""A scratch is this much lighter than its surroundings, and so much of the picture's contrast."""
REACH = 5
"""Wider than a scratch, pixels."""
UNEVEN = 3
"""How much the surroundings of a scratch may vary."""
MOST_SCRATCHED, MOSTLY = 0.08, 0.7
"""A scratched photo has few light marks, and most of them on even ground; otherwise they are its texture."""
EDGE_CONTRAST, EDGE_SHARE = 14, 2.2
"""What differs this much from its surroundings, and so many times as much as is usual, is an edge and stays sharp."""
GREY_SATURATION = 14
"""Photos with less colour than this are grey: their cast goes, and no colour comes."""
LARGEST_SCALE = 10.0


def restored(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    """The first picture, clean and sharp, and as much larger as asked for."""
    picture = smaller(pictures[0], RESTORED_EDGE)
    fidelity = order.options.number("codeformer_fidelity", default=0.5, least=0, most=1)
    clean = _without_scratches(picture)
    clean = _smoothed(clean, strength=1.15 - 0.5 * fidelity)
    clean = _with_full_tones(clean)
    clean = clean.filter(ImageFilter.UnsharpMask(2.0, 100, 2))
    scale = order.options.number("upscale", "scale", default=2.0, least=1, most=LARGEST_SCALE)
    return clean.resize(scaled(pictures[0].size, scale), Image.Resampling.BICUBIC)


def _without_scratches(picture: Image.Image) -> Image.Image:
    """Fills thin light marks on even ground with what lies around them; a face has marks too, but on uneven ground."""
    small = smaller(picture, SEARCHED_EDGE)
    grey = small.convert("L").filter(ImageFilter.GaussianBlur(0.8))  # grain is no mark
    limit = max(SCRATCH_CONTRAST, SCRATCH_SHARE * ImageStat.Stat(grey).stddev[0])
    marks = binary(_ridges(grey), round(limit))
    # The ground is even where it differs little from one that is blurred more, marks not counted.
    ground = Image.composite(grey.filter(ImageFilter.GaussianBlur(4)), grey, widened(marks, 1))
    ground = ground.filter(ImageFilter.GaussianBlur(3))
    uneven = ImageChops.difference(ground, ground.filter(ImageFilter.GaussianBlur(4))).filter(ImageFilter.BoxBlur(3))
    scratches = ImageChops.darker(marks, ImageChops.invert(binary(uneven, UNEVEN)))
    share = ImageStat.Stat(scratches).mean[0] / 255
    if not 0 < share <= MOST_SCRATCHED or share < MOSTLY * ImageStat.Stat(marks).mean[0] / 255:
        return picture
    wide = widened(scratches, 1)
    around = Image.composite(small.filter(ImageFilter.GaussianBlur(5)), small, wide)
    around = Image.composite(around.filter(ImageFilter.GaussianBlur(3)), small, wide)
    soft = wide.filter(ImageFilter.GaussianBlur(0.7)).resize(picture.size, Image.Resampling.BILINEAR)
    return Image.composite(around.resize(picture.size, Image.Resampling.BICUBIC), picture, soft)


def _ridges(grey: Image.Image) -> Image.Image:
    """How much lighter each pixel is than both its neighbours a few steps to two opposite sides: edges are not."""
    ridges = Image.new("L", grey.size, 0)
    for x, y in ((1, 0), (0, 1), (1, 1), (1, -1)):
        sides = [
            ImageChops.subtract(grey, ImageChops.offset(grey, sign * x * REACH, sign * y * REACH)) for sign in (1, -1)
        ]
        ridges = ImageChops.lighter(ridges, ImageChops.darker(*sides))
    return ridges


def _smoothed(picture: Image.Image, strength: float) -> Image.Image:
    """Flat parts lose their grain, edges stay."""
    smooth = picture.filter(ImageFilter.GaussianBlur(1.7 * strength))
    grey = smooth.convert("L")
    edges = ImageChops.difference(grey, grey.filter(ImageFilter.BoxBlur(4)))
    limit = max(EDGE_CONTRAST, EDGE_SHARE * ImageStat.Stat(edges).mean[0])
    keep = edges.point(lambda value: min(255, round(value * 255 / limit))).filter(ImageFilter.BoxBlur(2))
    return Image.composite(picture.filter(ImageFilter.GaussianBlur(0.4)), smooth, keep)


def _with_full_tones(picture: Image.Image) -> Image.Image:
    """Black is black, white is white, and grey is grey again."""
    colour = ImageStat.Stat(picture.resize((64, 64)).convert("HSV").getchannel("S")).mean[0]
    balanced = ImageOps.autocontrast(picture, cutoff=(0.4, 0.4))
    toned = ImageOps.autocontrast(picture, cutoff=(0.4, 0.4), preserve_tone=True)
    result = Image.blend(toned, balanced, 0.7)
    if colour < GREY_SATURATION:
        return result.convert("L").convert("RGB")
    return ImageEnhance.Color(result).enhance(1.12)
