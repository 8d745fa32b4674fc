"""Which format a file has, by its first bytes only, and what a container says before it is decoded."""

from dataclasses import dataclass
from enum import StrEnum

from bot.jobs.images.refusals import ImageProblem, ImageRefusedError

SNIFFED_BYTES = 64
"""How many first bytes `sniff` looks at."""


class ImageFormat(StrEnum):
    """The formats we read; HEIC stands for the whole HEIF family with HEVC pictures."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    BMP = "bmp"
    TIFF = "tiff"
    HEIC = "heic"

    @property
    def content_type(self) -> str:
        """The media type, as in `image/jpeg`."""
        return f"image/{self.value}"

    @property
    def extension(self) -> str:
        """The file name extension without the dot."""
        return "jpg" if self is ImageFormat.JPEG else self.value


@dataclass(frozen=True, slots=True)
class Container:
    """What the walk through a file found out, and the file without what must not leave our hands.

    width, height: pixels as stored, before `orientation` is applied.
    clean: the file without metadata and without further frames; the very same object when there were none.
    orientation: EXIF orientation, 1 to 8, still to be applied.
    portable: stored the way every model reads it (JPEG, PNG or WebP; 8 bit; grey, RGB or RGBA; one frame).
    first_of_many: the file is an animation, `clean` shows its first frame.
    """

    format: ImageFormat
    width: int
    height: int
    clean: bytes
    orientation: int = 1
    portable: bool = False
    first_of_many: bool = False


_SIGNATURES = (
    (b"\xff\xd8\xff", ImageFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", ImageFormat.PNG),
    (b"GIF87a", ImageFormat.GIF),
    (b"GIF89a", ImageFormat.GIF),
    (b"II*\0", ImageFormat.TIFF),
    (b"MM\0*", ImageFormat.TIFF),
)
_FOREIGN_SIGNATURES = (
    (b"%PDF-", "PDF"),
    (b"8BPS", "PSD"),
    (b"\0\0\x01\0", "ICO"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"II+\0", "BigTIFF"),
    (b"MM\0+", "BigTIFF"),
    (b"FUJIFILMCCD-RAW", "RAW"),
    (b"\x1aE\xdf\xa3", "WebM"),
    (b"OggS", "Ogg"),
    (b"<svg", "SVG"),
    (b"PK\x03\x04", "ZIP"),
)
_HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_BMP_HEADER_SIZES = frozenset({12, 40, 52, 56, 64, 108, 124})


def sniff(head: bytes) -> ImageFormat:
    """The format of a file from its first bytes (`SNIFFED_BYTES` suffice).

    Raises:
        ImageRefusedError: unsupported_format with the format's name where we know it, not_an_image otherwise.
    """
    for signature, image_format in _SIGNATURES:
        if head.startswith(signature):
            return image_format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return ImageFormat.BMP
    if head[4:8] == b"ftyp":
        return _sniff_base_media(head)
    for signature, name in _FOREIGN_SIGNATURES:
        if head.startswith(signature):
            raise ImageRefusedError(ImageProblem.UNSUPPORTED_FORMAT, {"format": name})
    raise ImageRefusedError(ImageProblem.NOT_AN_IMAGE)


def _sniff_base_media(head: bytes) -> ImageFormat:
    """HEIC, or the name of what else lives in this family of boxes (ISO/IEC 14496-12, "ftyp")."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))}
    if brands & _HEVC_BRANDS:
        return ImageFormat.HEIC
    if brands & {b"avif", b"avis"}:
        name = "AVIF"
    elif brands & {b"mif1", b"msf1"}:
        return ImageFormat.HEIC
    else:
        name = "RAW" if head[8:12] == b"crx " else "MP4"
    raise ImageRefusedError(ImageProblem.UNSUPPORTED_FORMAT, {"format": name})


def truncated(image_format: ImageFormat) -> ImageRefusedError:
    """The refusal of a file that ends too early."""
    return ImageRefusedError(ImageProblem.TRUNCATED, {"format": image_format.name})


def malformed(image_format: ImageFormat) -> ImageRefusedError:
    """The refusal of a file that begins like its format and then breaks its rules."""
    return ImageRefusedError(ImageProblem.NOT_AN_IMAGE, {"format": image_format.name})


def unsupported(name: str) -> ImageRefusedError:
    """The refusal of a format, or a variant of one, that we do not read."""
    return ImageRefusedError(ImageProblem.UNSUPPORTED_FORMAT, {"format": name})
