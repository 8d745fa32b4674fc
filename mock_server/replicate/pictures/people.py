"""Guesses where a person is from skin colours: a face in the upper part, and a body under it."""

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

SKIN_CB, SKIN_CR = (77, 127), (135, 175)
"""Ranges of Cb and Cr that skin of every tone falls into. https://doi.org/10.1109/76.767122"""
GRID = 48
SMALLEST_FACE, LARGEST_FACE = 0.006, 0.30
"""Shares of the picture."""
LOWEST_CENTRE = 0.62
FLATTEST = 0.55
"""Faces are not much wider than high."""
PLAINEST = 20.0
"""Eyes and a mouth make a face less even than this standard deviation of light."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face in shares of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Share of the picture's width."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Share of the picture's height."""
        return self.bottom - self.top


def find_face(picture: Image.Image) -> Face | None:
    """The largest patch of skin that has the size, place and form of a face; None in most pictures without one."""
    small = picture.resize((GRID, GRID), Image.Resampling.BOX).convert("YCbCr")
    light, blue, red = small.split()
    skin = ImageChops.darker(_within(blue, SKIN_CB), _within(red, SKIN_CR))
    skin = ImageChops.darker(skin, light.point(lambda value: 255 if value > 50 else 0))
    skin = skin.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3))
    patches = sorted(_patches(skin), key=lambda patch: -patch[1])
    for box, count in patches:
        left, top, right, bottom = (value / GRID for value in box)
        share, form = count / GRID**2, (right - left) * picture.width / ((bottom - top) * picture.height)
        filled = count / ((box[2] - box[0]) * (box[3] - box[1]))
        if not SMALLEST_FACE <= share <= LARGEST_FACE or (top + bottom) / 2 > LOWEST_CENTRE:
            continue
        if FLATTEST <= form <= 1 / FLATTEST and filled > FLATTEST and _spread(light, box) > PLAINEST:
            return Face(left, top, right, bottom)
    return None


def person_shape(face: Face, size: tuple[int, int]) -> Image.Image:
    """Head with hair, neck and shoulders, down to the lower border: 255 inside, soft around."""
    width, height = size
    shape = Image.new("L", size, 0)
    draw = ImageDraw.Draw(shape)
    middle, half = (face.left + face.right) / 2 * width, face.width / 2 * width
    tall = face.height * height
    top, chin = face.top * height, face.bottom * height
    draw.ellipse((middle - half * 1.35, top - tall * 0.35, middle + half * 1.35, chin + tall * 0.1), fill=255)
    shoulder = chin + tall * 0.45
    body = [
        (middle - half * 0.7, chin - tall * 0.1),
        (middle + half * 0.7, chin - tall * 0.1),
        (middle + half * 2.3, shoulder),
        (middle + half * 2.8, height),
        (middle - half * 2.8, height),
        (middle - half * 2.3, shoulder),
    ]
    draw.polygon(body, fill=255)
    return shape.filter(ImageFilter.GaussianBlur(max(1.0, half * 0.18)))


def _spread(light: Image.Image, box: tuple[int, int, int, int]) -> float:
    return ImageStat.Stat(light.crop(box)).stddev[0]


def _within(band: Image.Image, limits: tuple[int, int]) -> Image.Image:
    return band.point([255 if limits[0] <= value <= limits[1] else 0 for value in range(256)])


def _patches(mask: Image.Image) -> list[tuple[tuple[int, int, int, int], int]]:
    """The connected pieces: bounding box and number of pixels."""
    left = mask.copy()
    found = []
    while (box := left.getbbox()) is not None:
        x = next(x for x in range(box[0], box[2]) if left.getpixel((x, box[1])))
        before = left.copy()
        ImageDraw.floodfill(left, (x, box[1]), 0)
        patch = ImageChops.difference(before, left)
        found.append((patch.getbbox() or box, patch.histogram()[255]))
    return found
