"""The pictures the mock makes: right to look at, different per model and seed, the same bytes for the same order.

Blocking code without I/O on the network; it runs in the runner's threads only.
"""

from collections.abc import Callable
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mock_server.replicate.models.spec import Family
from mock_server.replicate.pictures.cutting_out import cut_out
from mock_server.replicate.pictures.decoding import decoded, flat
from mock_server.replicate.pictures.editing import edited, generic
from mock_server.replicate.pictures.labels import draw_label
from mock_server.replicate.pictures.order import PaintOrder
from mock_server.replicate.pictures.restoring import restored
from mock_server.replicate.pictures.trying_on import tried_on
from mock_server.replicate.pictures.upscaling import upscaled

QUALITY = 90
RUN_LENGTHS = 3
"""zlib's Z_RLE: on photos smaller than its fastest level, and twice as fast."""


def paint(order: PaintOrder, path: Path) -> None:
    """Makes the result and writes it to `path`.

    Raises:
        PictureError: an input cannot be decoded, or has too many pixels.
    """
    pictures = [decoded(data) for data in order.pictures]
    painter, needs_transparency = PAINTERS[order.family]
    result = painter(order, pictures if needs_transparency else [flat(picture) for picture in pictures])
    mark = f"mock {order.label} · seed {order.seed}"
    if result.mode == "RGB":
        draw_label(result, mark)
    _save(result, order, path, mark)


def _save(result: Image.Image, order: PaintOrder, path: Path, mark: str) -> None:
    """JPEG has no transparency; the mark is in the file too, where no pixel may carry it."""
    if order.picture_format == "jpg":
        flat(result).convert("RGB").save(path, "JPEG", quality=QUALITY, comment=mark.encode())
    elif order.picture_format == "webp":
        result.save(path, "WEBP", quality=QUALITY, xmp=mark.encode())
    else:
        info = PngInfo()
        info.add_itxt("Software", mark)
        result.save(path, "PNG", compress_type=RUN_LENGTHS, pnginfo=info)


Painter = Callable[[PaintOrder, list[Image.Image]], Image.Image]

PAINTERS: dict[Family, tuple[Painter, bool]] = {
    Family.RESTORE: (restored, False),
    Family.UPSCALE: (upscaled, False),
    Family.CUTOUT: (cut_out, True),
    Family.EDIT: (edited, False),
    Family.TRY_ON: (tried_on, True),
    Family.TEXT: (generic, False),
    Family.GENERIC: (generic, False),
}
"""Who makes a family's pictures, and whether transparency of the input matters to them."""
