"""Why a picture is refused, with the numbers for the sentence its sender will read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.jobs.errors import JobsError

DECODABLE_PIXELS = 89_000_000
"""Above this Pillow warns of a decompression bomb; a limit beyond it would turn that warning on."""


class ImageProblem(StrEnum):
    """What is wrong with a picture; the comment names the numbers that come with it."""

    NOT_AN_IMAGE = "not_an_image"  # format, when the content at least claims one
    TRUNCATED = "truncated"  # format
    TOO_MANY_BYTES = "too_many_bytes"  # megabytes (a decimal), max_megabytes
    TOO_MANY_PIXELS = "too_many_pixels"  # width, height, megapixels, max_megapixels
    TOO_SMALL = "too_small"  # width, height, min_side
    TOO_NARROW = "too_narrow"  # width, height, max_ratio
    UNSUPPORTED_FORMAT = "unsupported_format"  # format


class ImageRefusedError(JobsError):
    """The picture cannot be used; `code` says why, `data` holds the numbers behind it."""

    def __init__(self, code: ImageProblem, data: Mapping[str, int | float | str] | None = None) -> None:
        self.code = code
        self.data: Mapping[str, int | float | str] = dict(data or {})
        super().__init__(f"{code} {self.data}" if self.data else str(code))


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Let a picture of these dimensions pass.

    Raises:
        ImageRefusedError: too_many_pixels.
    """
    if width * height > max_pixels:
        data: dict[str, int | str] = {
            "width": width,
            "height": height,
            "megapixels": math.ceil(width * height / 1_000_000),
            "max_megapixels": max_pixels // 1_000_000,
        }
        raise ImageRefusedError(ImageProblem.TOO_MANY_PIXELS, data)


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """How big and how odd a picture may be.

    max_bytes: what a bot may download from Telegram (https://core.telegram.org/bots/api#getfile).
    max_pixels: 48-megapixel phone cameras pass; that takes 190 MB to decode, twice as much to turn or convert.
    min_side: smaller pictures are icons; image models work on blocks of 8 to 64 pixels and fail below.
    max_ratio: long side to short side; Telegram shows no photo beyond 20. Together with `max_pixels` it also keeps
        each side below 32 000 pixels, within what JPEG can hold (65 500), so there is no limit for the side alone.
    """

    max_bytes: int = 20 * 1024 * 1024
    max_pixels: int = 50_000_000
    min_side: int = 32
    max_ratio: int = 20

    def __post_init__(self) -> None:
        if not 0 < self.max_pixels <= DECODABLE_PIXELS:
            raise ValueError(f"max_pixels must be from 1 to {DECODABLE_PIXELS}, not {self.max_pixels}")

    def check_bytes(self, size: int) -> None:
        """Let a file of `size` bytes pass.

        Raises:
            ImageRefusedError: too_many_bytes.
        """
        if size > self.max_bytes:
            # Rounded up, so that nobody reads "20.0 MB, at most 20 MB are allowed".
            megabytes = math.ceil(size / 1024 / 1024 * 10) / 10
            data: dict[str, int | float | str] = {
                "megabytes": megabytes,
                "max_megabytes": self.max_bytes // (1024 * 1024),
            }
            raise ImageRefusedError(ImageProblem.TOO_MANY_BYTES, data)

    def check_dimensions(self, width: int, height: int) -> None:
        """Let a picture of these dimensions pass.

        Raises:
            ImageRefusedError: not_an_image (no pixels at all), too_many_pixels, too_narrow, too_small; in this order,
                so that a picture of 1 by 6000 hears about its shape.
        """
        data: dict[str, int | str] = {"width": width, "height": height}
        short, long = sorted((width, height))
        if short < 1:
            raise ImageRefusedError(ImageProblem.NOT_AN_IMAGE, data)
        check_pixels(width, height, self.max_pixels)
        if long > short * self.max_ratio:
            raise ImageRefusedError(ImageProblem.TOO_NARROW, {**data, "max_ratio": self.max_ratio})
        if short < self.min_side:
            raise ImageRefusedError(ImageProblem.TOO_SMALL, {**data, "min_side": self.min_side})
