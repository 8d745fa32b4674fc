"""The models on offer, read from `presets.toml`: which one, and how a photo and a sentence become its input.

A new model is a new table in that file; no code changes.
"""

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from replicate_gateway.errors import PredictionRejectedError
from replicate_gateway.models import ModelReference, ModelReferenceError
from replicate_gateway.protocol import MAX_WAIT_S

DEFAULT_PRESET = "restore"
DEFAULT_PATH = Path(__file__).with_name("presets.toml")
FALLBACK_LOCALE = "en"

_NAME = r"^[a-z][a-z0-9_]{0,31}$"


class PresetError(ValueError):
    """The presets file cannot be used; the message, one line, names the file, the preset and the field."""


class OutputKind(StrEnum):
    """What a model makes."""

    IMAGE = "image"
    TEXT = "text"


class Preset(BaseModel):
    """One model on offer. Field names are those of the model's own input schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)

    name: str = Field(pattern=_NAME)
    titles: dict[str, str]
    """By locale; `en` is always there."""
    icon: str = ""
    aliases: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """By locale: words that people call it by, beside its name; in lower case and without spaces."""
    model: ModelReference
    official: bool = False
    image_field: str | None = None
    """Takes the first image."""
    extra_image_fields: tuple[str, ...] = ()
    """Each takes one more image, in order; all are required."""
    images_field: str | None = None
    """Takes a list of all images, in place of `image_field`."""
    prompt_field: str | None = None
    prompt_required: bool = False
    seed_field: str | None = None
    fixed: dict[str, Any] = Field(default_factory=dict)
    """Parameters sent with every run, as JSON; a prompt or a seed of the user's goes before them."""
    output_kind: OutputKind = OutputKind.IMAGE
    max_images: int = Field(default=1, ge=1, le=14)
    typical_s: float = Field(gt=0)
    """Seconds that a warm model usually takes."""
    wait_s: int | None = Field(default=None, ge=1, le=MAX_WAIT_S)
    """Where Replicate cannot call back: hold the create call's answer back this long for a result."""
    price_hint_usd: float = Field(ge=0)
    """Roughly what one run costs; Replicate's page of the model is what counts."""

    @model_validator(mode="before")
    @classmethod
    def _parse_model(cls, table: Any) -> Any:
        if isinstance(table, dict) and isinstance(table.get("model"), str):
            try:
                model = ModelReference.parse(table["model"], official=table.get("official") is True)
            except ModelReferenceError as error:
                raise ValueError(f"model: {error}") from error
            return {**table, "model": model}
        return table

    @model_validator(mode="after")
    def _agree(self) -> "Preset":
        if not self.titles.get(FALLBACK_LOCALE):
            raise ValueError(f"titles: {FALLBACK_LOCALE} is missing")
        if (self.image_field is None) == (self.images_field is None):
            raise ValueError("image_field, images_field: exactly one of them is needed")
        if self.images_field is not None and self.extra_image_fields:
            raise ValueError("extra_image_fields: images_field takes all images already")
        if self.images_field is None and self.max_images != self.min_images:
            raise ValueError(f"max_images: the image fields take {self.min_images}, not {self.max_images}")
        if self.prompt_required and self.prompt_field is None:
            raise ValueError("prompt_field: a required prompt needs one")
        if any(word != word.casefold() or not word or set(word) & set(" \t\n") for word in self.words):
            raise ValueError("aliases: single words in lower case")
        for key, value in _unsendable(self.fixed):
            raise ValueError(f"fixed.{key}: JSON cannot carry {value}; a text is written in quotes")
        return self

    @property
    def min_images(self) -> int:
        """How many images a run needs."""
        return 1 + len(self.extra_image_fields)

    def title(self, locale: str) -> str:
        """What people call this, in `locale` or else in English."""
        return self.titles.get(locale) or self.titles[FALLBACK_LOCALE]

    def label(self, locale: str) -> str:
        """Its title with its icon in front, for buttons."""
        return f"{self.icon} {self.title(locale)}".strip()

    @property
    def words(self) -> frozenset[str]:
        """All single words that mean this preset, in any language."""
        return frozenset({self.name, *(word for words in self.aliases.values() for word in words)})

    def build_input(
        self, *, images: Sequence[str], prompt: str | None = None, seed: int | None = None
    ) -> dict[str, Any]:
        """The model's input for these image URLs. A prompt or seed that the model does not take is left out.

        Raises:
            PredictionRejectedError: too few or too many images, or no prompt where one is needed.
        """
        if not self.min_images <= len(images) <= self.max_images:
            wanted = f"{self.min_images}..{self.max_images}"
            field = self.images_field or self.image_field or ""
            raise PredictionRejectedError(
                f"{self.name} takes {wanted} images, not {len(images)}", invalid_fields=(field,)
            )
        document = {**self.fixed, **self._image_inputs(images)}
        if self.prompt_field is not None:
            if prompt:
                document[self.prompt_field] = prompt
            elif self.prompt_required:
                raise PredictionRejectedError(f"{self.name} needs a prompt", invalid_fields=(self.prompt_field,))
        if self.seed_field is not None and seed is not None:
            document[self.seed_field] = seed
        return document

    def _image_inputs(self, images: Sequence[str]) -> dict[str, Any]:
        if self.images_field is not None:
            return {self.images_field: list(images)}
        return dict(zip((str(self.image_field), *self.extra_image_fields), images, strict=True))


def load_presets(path: Path | None = None) -> Mapping[str, Preset]:
    """The presets of a TOML file (default: the one shipped) by name, in its order.

    Raises:
        PresetError: the file is missing, no TOML, has no preset, or one is wrong.
    """
    path = path or DEFAULT_PATH
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PresetError(f"{path.name}: {error}") from error
    if not tables:
        raise PresetError(f"{path.name}: there is no preset in it")
    presets = MappingProxyType({name: _preset(name, table, path.name) for name, table in tables.items()})
    _check_words(presets, path.name)
    return presets


def _check_words(presets: Mapping[str, Preset], source: str) -> None:
    """A word must not mean two presets."""
    meant: dict[str, str] = {}
    for preset in presets.values():
        for word in sorted(preset.words):
            other = meant.setdefault(word, preset.name)
            if other != preset.name:
                raise PresetError(f"{source}: {word!r} means both {other} and {preset.name}")


def _preset(name: str, table: object, source: str) -> Preset:
    if not isinstance(table, dict):
        raise PresetError(f"{source}: preset {name!r}: expected a table, like [{name}]")
    try:
        return Preset.model_validate({**table, "name": name})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        what = f"field {where!r}: {first['msg']}" if where else first["msg"].removeprefix("Value error, ")
        raise PresetError(f"{source}: preset {name!r}: {what}") from error


def _unsendable(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What TOML has and JSON has not, however deep it is, by its dotted name: times, and numbers that are none."""
    for key, value in table.items():
        parts = {f"{key}[{index}]": part for index, part in enumerate(value)} if isinstance(value, list) else {}
        if isinstance(value, dict):
            parts = {f"{key}.{name}": part for name, part in value.items()}
        yield from _unsendable(parts)
        if isinstance(value, date | time) or (isinstance(value, float) and not math.isfinite(value)):
            yield key, value
