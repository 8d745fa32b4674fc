"""The boxes of a HEIF file, enough to know that it is complete; libheif reads the rest.

Rules: ISO/IEC 23008-12; boxes as in https://www.loc.gov/preservation/digital/formats/fdd/fdd000079.shtml.
"""

from io import BytesIO

from bot.jobs.images.decoding import decoder_errors, open_image
from bot.jobs.images.formats import Container, ImageFormat, malformed, truncated

_MAX_BOXES = 1_000


def read_heif(body: bytes) -> Container:
    """Dimensions of the primary picture; libheif applies rotation itself, and EXIF has no say in this format.

    Raises:
        ImageRefusedError: truncated, not_an_image.
    """
    _check_boxes(body)
    with decoder_errors(ImageFormat.HEIC), open_image(ImageFormat.HEIC, BytesIO(body)) as image:
        width, height = image.size
    return Container(ImageFormat.HEIC, width, height, body)


def _check_boxes(body: bytes) -> None:
    position = 0
    for _ in range(_MAX_BOXES):
        if position == len(body):
            return
        size, header = int.from_bytes(body[position : position + 4], "big"), 8
        if size == 0:  # this box goes on to the end of the file
            return
        if size == 1:
            size, header = int.from_bytes(body[position + 8 : position + 16], "big"), 16
        if position + header > len(body) or position + size > len(body):
            raise truncated(ImageFormat.HEIC)
        if size < header:
            raise malformed(ImageFormat.HEIC)
        position += size
    raise malformed(ImageFormat.HEIC)
