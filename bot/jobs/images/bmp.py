"""The header of a BMP file.

Rules: https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-header-types.
"""

import struct

from bot.jobs.images.formats import Container, ImageFormat, truncated, unsupported

_CORE_HEADER_BYTES = 12
_UNCOMPRESSED = frozenset({0, 3})  # BI_RGB, BI_BITFIELDS


def read_bmp(body: bytes) -> Container:
    """Dimensions of a BMP file.

    Raises:
        ImageRefusedError: truncated, or unsupported_format for run-length coding, whose decoder is slow enough
            to be an attack.
    """
    try:
        (header_size,) = struct.unpack_from("<I", body, 14)
        if header_size == _CORE_HEADER_BYTES:
            width, height = struct.unpack_from("<HH", body, 18)
            compression = 0
        else:
            width, height, compression = struct.unpack_from("<ii4xI", body, 18)
    except struct.error as error:
        raise truncated(ImageFormat.BMP) from error
    if compression not in _UNCOMPRESSED:
        raise unsupported(ImageFormat.BMP.name)
    # A negative height says that the rows run from top to bottom.
    return Container(ImageFormat.BMP, width, abs(height), body)
