"""Before and after in one picture, to be compared at a glance."""

from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from PIL import Image

from bot.jobs.images.preview import preview_jpeg

# Two of these beside each other are what Telegram shows of a photo.
_MAX_SIDE = 1280
_GAP = 12
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Comparison:
    """JPEGs that Telegram takes as photos."""

    both: bytes
    before: bytes
    after: bytes


def compare(before: BinaryIO, after: BinaryIO) -> Comparison:
    """The two pictures in these seekable files, small and beside each other at the same height.

    Raises:
        ImageRefusedError: one of them is too large to be decoded, or broken.
    """
    small = [preview_jpeg(source, max_side=_MAX_SIDE) for source in (before, after)]
    with Image.open(BytesIO(small[0])) as left, Image.open(BytesIO(small[1])) as right:
        height = min(left.height, right.height)
        parts = [part.resize((max(1, part.width * height // part.height), height)) for part in (left, right)]
        canvas = Image.new("RGB", (sum(part.width for part in parts) + _GAP, height), "white")
        canvas.paste(parts[0], (0, 0))
        canvas.paste(parts[1], (parts[0].width + _GAP, 0))
    target = BytesIO()
    canvas.save(target, "JPEG", quality=_QUALITY)
    return Comparison(target.getvalue(), *small)
