"""A garment put on a person: cut out of its picture, laid over the body, shaded by the photo."""

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps, ImageStat

from mock_server.replicate.pictures.decoding import flat, own_alpha
from mock_server.replicate.pictures.masks import binary, majority, narrowed, widened
from mock_server.replicate.pictures.order import Options, PaintOrder
from mock_server.replicate.pictures.people import find_face
from mock_server.replicate.pictures.segmentation import subject_mask
from mock_server.replicate.pictures.sizes import smaller

RATIO = (3, 4)
IN_FACES = {"upper_body": (0.05, 2.9), "lower_body": (2.6, 6.4), "dresses": (0.05, 5.6)}
"""From where to where a garment goes below the chin, in heights of the face."""
IN_BODY = {"upper_body": (0.17, 0.55), "lower_body": (0.48, 0.97), "dresses": (0.17, 0.88)}
"""The same as shares of a whole body, for a person whose face is not found."""
IN_BUST = {"upper_body": (0.66, 1.2), "lower_body": (1.1, 1.9), "dresses": (0.66, 1.9)}
"""The same for one of whom head and shoulders are in the picture."""
BUST = 1.7
"""A whole body is higher than so many times its width."""
WIDTH_IN_FACES, WIDTH_IN_BODY = 3.6, 1.0
SHADE = 0.55
"""How much of the photo's light and shadow the garment takes on."""
FACE_SEARCH_EDGE = 200
BRIGHTEST = 235
"""Plain product shots are cut by brightness alone: what is as white as their corners is background."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the garment goes, pixels."""

    middle: float
    top: float
    width: float
    height: float


def tried_on(order: PaintOrder, pictures: list[Image.Image]) -> Image.Image:
    """The person (first picture) in the garment (second); a third one is the mask it may cover."""
    person = flat(pictures[0])
    if order.options.flag("crop"):
        person = _cropped(person)
    garment = _cut_garment(pictures[1] if len(pictures) > 1 else pictures[0])
    place = _place(person, _category(order.options))
    garment = _fitted(garment, place)
    corner = (round(place.middle - garment.width / 2), round(place.top))
    mask = Image.new("L", person.size, 0)
    mask.paste(garment.getchannel("A"), corner)
    if len(pictures) > 2:
        allowed = flat(pictures[2]).convert("L").resize(person.size)
        mask = ImageChops.darker(mask, allowed)
    if order.options.flag("mask_only"):
        return mask.convert("RGB")
    dress = Image.new("RGB", person.size)
    dress.paste(garment.convert("RGB"), corner)
    return Image.composite(_shaded(dress, person, mask), person, mask)


def _cropped(person: Image.Image) -> Image.Image:
    """3:4, the head kept."""
    width = min(person.width, person.height * RATIO[0] // RATIO[1])
    height = min(person.height, width * RATIO[1] // RATIO[0])
    return ImageOps.fit(person, (max(1, width), max(1, height)), centering=(0.5, 0.15))


def _category(options: Options) -> str:
    asked = options.word("category", "upper_body")
    return asked if asked in IN_FACES else "upper_body"


def _cut_garment(picture: Image.Image) -> Image.Image:
    """The garment alone, RGBA."""
    colours = flat(picture)
    mask = own_alpha(picture) or _not_white(colours) or subject_mask(colours)
    box = mask.point(lambda value: 255 if value > 127 else 0).getbbox() or (0, 0, *colours.size)
    result = colours.convert("RGBA")
    result.putalpha(mask)
    return result.crop(box)


def _not_white(picture: Image.Image) -> Image.Image | None:
    """The mask of a product shot on white; None for any other picture."""
    darkest = ImageChops.darker(ImageChops.darker(*picture.split()[:2]), picture.split()[2])
    corners = [(0, 0), (picture.width - 1, 0), (0, picture.height - 1), (picture.width - 1, picture.height - 1)]
    if any(darkest.crop((x, y, x + 1, y + 1)).tobytes()[0] < BRIGHTEST for x, y in corners):
        return None
    mask = ImageChops.invert(binary(darkest, BRIGHTEST))
    share = mask.histogram()[255] / (mask.width * mask.height)
    smooth = majority(narrowed(widened(mask, 2), 6), 6).filter(ImageFilter.GaussianBlur(2))
    return smooth if 0.05 < share < 0.95 else None


def _place(person: Image.Image, category: str) -> Place:
    small = smaller(person, FACE_SEARCH_EDGE)
    width, height = person.size
    if (face := find_face(small) or find_face(_vivid(small))) is not None:
        tall, chin = face.height * height, face.bottom * height
        first, last = IN_FACES[category]
        middle = (face.left + face.right) / 2 * width
        return Place(middle, chin + first * tall, face.width * width * WIDTH_IN_FACES, (last - first) * tall)
    body = subject_mask(person).point(lambda value: 255 if value > 127 else 0).getbbox() or (0, 0, width, height)
    tall = body[3] - body[1]
    first, last = (IN_BODY if tall > BUST * (body[2] - body[0]) else IN_BUST)[category]
    return Place(
        (body[0] + body[2]) / 2, body[1] + first * tall, (body[2] - body[0]) * WIDTH_IN_BODY, (last - first) * tall
    )


def _vivid(picture: Image.Image) -> Image.Image:
    """An old print as it was once: skin is not told from a wall where everything has faded."""
    return ImageEnhance.Color(ImageOps.autocontrast(picture, cutoff=2)).enhance(1.6)


def _fitted(garment: Image.Image, place: Place) -> Image.Image:
    """As wide as the shoulders, or as high as the part of the body, whichever is more, within sense."""
    scale = max(place.width / garment.width, min(place.height / garment.height, 1.25 * place.width / garment.width))
    size = (max(1, min(4096, round(garment.width * scale))), max(1, min(4096, round(garment.height * scale))))
    return garment.resize(size, Image.Resampling.LANCZOS)


def _shaded(dress: Image.Image, person: Image.Image, mask: Image.Image) -> Image.Image:
    """The garment in the light that falls on what it covers."""
    light = person.convert("L").filter(ImageFilter.GaussianBlur(max(1.0, person.width / 60)))
    usual = ImageStat.Stat(light, mask).mean[0] if mask.getbbox() else 128
    shade = light.point(lambda value: max(0, min(255, round(190 + (value - usual) * SHADE * 1.6))))
    lit = ImageChops.multiply(dress, shade.convert("RGB"))
    return lit.point(lambda value: min(255, round(value * 255 / 190)))
