"""The first directory of a TIFF structure: a TIFF file's own, or the one that EXIF is made of.

Rules: TIFF 6.0, https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf. Pillow decodes the pixels; this walk
bounds what it will be asked to do: dimensions, codecs, the number of strips, and that all strips are there.
"""

import struct
from dataclasses import dataclass

from bot.jobs.images.formats import Container, ImageFormat, truncated, unsupported
from bot.jobs.images.refusals import ImageRefusedError

_NEW_SUBFILE_TYPE, _WIDTH, _HEIGHT, _COMPRESSION, _ORIENTATION = 254, 256, 257, 259, 274
_STRIP_OFFSETS, _STRIP_SIZES, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_SIZES = 273, 279, 322, 323, 324, 325
_DNG_VERSION = 50706

_INTEGER_TYPES = {1: "B", 3: "H", 4: "I"}  # BYTE, SHORT, LONG
_COMPRESSIONS = frozenset({1, 5, 7, 8, 32773, 32946})  # none, LZW, JPEG, Deflate, PackBits, Deflate as it was before
_MAX_STRIPS = 200_000  # one row per strip and plane gives 130 000 at most; each costs the decoder some 300 bytes
_MAX_TILE_PIXELS = 1 << 26  # the decoder allocates one tile whatever the picture's size


@dataclass(frozen=True, slots=True)
class Directory:
    """Integer fields of one directory, read on demand from `data`."""

    data: bytes
    order: str
    fields: dict[int, tuple[str, int, int]]

    def values(self, tag: int) -> tuple[int, ...]:
        """All values of a field, none when it is absent.

        Raises:
            ImageRefusedError: truncated, or unsupported_format when there are absurdly many.
        """
        code, count, at = self.fields.get(tag, ("B", 0, 0))
        if count > _MAX_STRIPS:
            raise unsupported(ImageFormat.TIFF.name)
        try:
            return struct.unpack_from(f"{self.order}{count}{code}", self.data, at) if count else ()
        except struct.error as error:
            raise truncated(ImageFormat.TIFF) from error

    def first(self, tag: int, default: int = 0) -> int:
        """The first value of a field, or `default`."""
        return next(iter(self.values(tag)), default)


def read_directory(data: bytes) -> Directory:
    """The first directory of `data`, which begins with a TIFF header.

    Raises:
        ImageRefusedError: truncated, when the directory lies beyond the end.
    """
    order = "<" if data[:2] == b"II" else ">"
    fields: dict[int, tuple[str, int, int]] = {}
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (entries,) = struct.unpack_from(f"{order}H", data, start)
        for at in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind, count, pointer = struct.unpack_from(f"{order}HHII", data, at)
            if code := _INTEGER_TYPES.get(kind):
                inline = count * struct.calcsize(f"={code}") <= 4
                fields.setdefault(tag, (code, count, at + 8 if inline else pointer))
    except struct.error as error:
        raise truncated(ImageFormat.TIFF) from error
    return Directory(data, order, fields)


def exif_orientation(exif: bytes) -> int:
    """The orientation (1 to 8) in an EXIF block without its "Exif" prefix; 1 when there is none to be read."""
    if exif[:4] not in {b"II*\0", b"MM\0*"}:
        return 1
    try:
        orientation = read_directory(exif).first(_ORIENTATION, 1)
    except ImageRefusedError:  # broken metadata does not spoil a picture
        return 1
    return orientation if 1 <= orientation <= 8 else 1


def read_tiff(body: bytes) -> Container:
    """The first page of a TIFF file. Its orientation is left to the decoder, which applies it unasked.

    Raises:
        ImageRefusedError: truncated, or unsupported_format for camera raw files (their first page is a thumbnail),
            scanner codecs and absurd layouts.
    """
    directory = read_directory(body)
    if _DNG_VERSION in directory.fields or directory.first(_NEW_SUBFILE_TYPE) & 1 or body[8:10] == b"CR":
        raise unsupported("RAW")
    if directory.first(_COMPRESSION, 1) not in _COMPRESSIONS:
        raise unsupported(ImageFormat.TIFF.name)
    if directory.first(_TILE_WIDTH) * directory.first(_TILE_HEIGHT) > _MAX_TILE_PIXELS:
        raise unsupported(ImageFormat.TIFF.name)
    for offsets, sizes in ((_STRIP_OFFSETS, _STRIP_SIZES), (_TILE_OFFSETS, _TILE_SIZES)):
        # Some writers leave the sizes out; then the decoder finds out.
        ends = map(sum, zip(directory.values(offsets), directory.values(sizes), strict=False))
        if max(ends, default=0) > len(body):
            raise truncated(ImageFormat.TIFF)
    return Container(ImageFormat.TIFF, directory.first(_WIDTH), directory.first(_HEIGHT), body)
