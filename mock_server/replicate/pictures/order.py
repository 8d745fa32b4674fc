"""What a picture is made from: all that a result depends on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mock_server.replicate.models.spec import Family

PictureFormat = Literal["png", "jpg", "webp"]


class PictureError(Exception):
    """An input no picture can be made from; the text is what the model reports."""


@dataclass(frozen=True, slots=True)
class Options:
    """A model's input, read without trust: what is no number is the default, what is too much is the limit."""

    values: Mapping[str, Any] = field(default_factory=dict)

    def number(self, *names: str, default: float, least: float, most: float) -> float:
        """The first of these inputs that is a number, within the limits."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return float(max(least, min(value, most)))
        return default

    def flag(self, name: str) -> bool:
        """Whether the input is true."""
        return self.values.get(name) is True

    def word(self, name: str, default: str = "") -> str:
        """The input if it is a text."""
        value = self.values.get(name)
        return value if isinstance(value, str) and value else default


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintOrder:
    """One picture to make; the same order gives the same bytes."""

    family: Family
    label: str
    pictures: tuple[bytes, ...] = ()
    options: Options = Options()
    prompt: str = ""
    seed: int = 0
    picture_format: PictureFormat = "png"
