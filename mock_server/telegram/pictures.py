"""What Telegram does to a picture: several JPEG sizes, upright, without metadata. Blocking: call it in a thread."""

import io
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageOps

MAX_SIDES_SUM = 10_000  # https://core.telegram.org/bots/api#sendphoto
MAX_SIDE_RATIO = 20  # https://core.telegram.org/bots/api#sendphoto
MAX_PIXELS = 89_000_000  # our own bound, just under where Pillow suspects a decompression bomb
DOCUMENT_THUMBNAIL_BOX = 320
PROFILE_PHOTO_SIDES = (160, 320, 640)  # https://core.telegram.org/bots/api#chatphoto
STICKER_BOX = 512  # https://core.telegram.org/stickers#static-stickers-and-emoji
_JPEG_QUALITY = 87
_JPEG_START = b"\xff\xd8\xff"
_QUARTER_TURNS = frozenset({5, 6, 7, 8})  # EXIF orientations that swap width and height
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


class UnreadablePictureError(ValueError):
    """These bytes are no picture that Telegram takes."""


class NotJpegError(ValueError):
    """A picture, but not the JPEG that was asked for."""


class PictureDimensionsError(ValueError):
    """Width and height are not what Telegram takes as a photo."""


@dataclass(frozen=True)
class Rendition:
    """One JPEG of a picture, with its size in pixels."""

    data: bytes
    width: int
    height: int


def fit(size: tuple[int, int], box: int) -> tuple[int, int]:
    """Give the size that fits into a square of side `box`; never enlarges."""
    factor = min(1.0, box / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def render_ladder(data: bytes, boxes: tuple[int, ...], *, max_sides_sum: int | None) -> list[Rendition]:
    """Give the sizes of a photo, smallest first; the last is the biggest.

    `max_sides_sum` limits width + height in pixels; None for a person's app, which shrinks before it uploads.

    Raises: UnreadablePictureError, PictureDimensionsError.
    """
    size, picture = _decode(data, max(boxes), max_sides_sum)
    renditions: list[Rendition] = []
    for target in _targets(size, boxes):
        resized = picture.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)
        renditions.append(Rendition(_encode(resized), *target))
    return renditions


def render_thumbnail(data: bytes) -> Rendition | None:
    """Give the preview of an image sent as a file; None when it is no image we can read."""
    try:
        return render_ladder(data, (DOCUMENT_THUMBNAIL_BOX,), max_sides_sum=None)[0]
    except (UnreadablePictureError, PictureDimensionsError):
        return None


def render_sticker(data: bytes) -> Rendition:
    """Give a picture as a still sticker: WebP with its transparency, the longer side 512 pixels.

    Raises: UnreadablePictureError, PictureDimensionsError.
    """
    size, picture = _decode(data, STICKER_BOX, None, keep_alpha=True)
    factor = STICKER_BOX / max(size)
    target = max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
    out = io.BytesIO()
    picture.resize(target, Image.Resampling.LANCZOS).save(out, "WEBP", quality=_JPEG_QUALITY)
    return Rendition(out.getvalue(), *target)


def render_profile_photo(data: bytes) -> list[Rendition]:
    """Give a JPEG as a profile photo: the square in its middle in several sizes, smallest first.

    Raises: UnreadablePictureError, PictureDimensionsError when a side is too short, NotJpegError.
    """
    size, picture = _decode(data, max(PROFILE_PHOTO_SIDES), None)
    if not data.startswith(_JPEG_START):
        raise NotJpegError("not a JPEG")
    if min(size) < min(PROFILE_PHOTO_SIDES):
        raise PictureDimensionsError(f"{size[0]} x {size[1]}")
    sides = [side for side in PROFILE_PHOTO_SIDES if side <= min(size)]
    return [Rendition(_encode(ImageOps.fit(picture, (side, side))), side, side) for side in sides]


def _targets(size: tuple[int, int], boxes: tuple[int, ...]) -> list[tuple[int, int]]:
    targets: list[tuple[int, int]] = []
    for box in sorted(boxes):
        target = fit(size, box)
        if target not in targets:
            targets.append(target)
    return targets


def _decode(
    data: bytes, biggest_box: int, max_sides_sum: int | None, *, keep_alpha: bool = False
) -> tuple[tuple[int, int], Image.Image]:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            _check_dimensions(opened.size, max_sides_sum)
            width, height = opened.size
            turned = opened.getexif().get(ExifTags.Base.Orientation) in _QUARTER_TURNS
            opened.draft("RGB", fit(opened.size, biggest_box))
            upright = ImageOps.exif_transpose(opened)
            size = (height, width) if turned else (width, height)
            return size, upright.convert("RGBA") if keep_alpha else _opaque(upright)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureDimensionsError(str(error)) from error
    except (OSError, SyntaxError, EOFError) as error:
        raise UnreadablePictureError("not a readable picture") from error


def _check_dimensions(size: tuple[int, int], max_sides_sum: int | None) -> None:
    width, height = size
    too_long = max_sides_sum is not None and width + height > max_sides_sum
    if too_long or max(size) > MAX_SIDE_RATIO * min(size) or width * height > MAX_PIXELS:
        raise PictureDimensionsError(f"{width} x {height}")


def _opaque(picture: Image.Image) -> Image.Image:
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    layers = picture.convert("RGBA")
    canvas = Image.new("RGBA", layers.size, "white")
    return Image.alpha_composite(canvas, layers).convert("RGB")


def _encode(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()
