"""What a model is to the mock: a name, a schema, and the family of picture it makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Literal

from mock_server.replicate.wire_format import version_id


class Family(Enum):
    """What a model does to pictures."""

    RESTORE = auto()
    UPSCALE = auto()
    CUTOUT = auto()
    EDIT = auto()
    TRY_ON = auto()
    TEXT = auto()
    GENERIC = auto()


class OutputShape(Enum):
    """The JSON type of an output."""

    ONE = auto()
    """One URL."""
    LIST = auto()
    """A list of URLs, even for one picture."""
    TEXT = auto()
    """A list of strings that make a text when joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputField:
    """One property of a model's input."""

    name: str
    type: Literal["string", "integer", "number", "boolean"] = "string"
    required: bool = False
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: Sequence[str] = ()
    is_uri: bool = False
    is_list: bool = False
    description: str = ""

    def schema(self, order: int) -> dict[str, Any]:
        """Its JSON schema, with the position Cog adds."""
        item: dict[str, Any] = {"type": self.type}
        if self.is_uri:
            item["format"] = "uri"
        if self.choices:
            item["enum"] = list(self.choices)
        schema = {"type": "array", "items": item} if self.is_list else item
        schema |= {"title": self.name.replace("_", " ").title(), "x-order": order}
        if self.description:
            schema["description"] = self.description
        bounds = {"default": self.default, "minimum": self.minimum, "maximum": self.maximum}
        return schema | {key: value for key, value in bounds.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model and what it takes."""

    owner: str
    name: str
    family: Family
    official: bool = False
    """Runs without a version; a community model only with one."""
    inputs: tuple[InputField, ...] = ()
    output: OutputShape = OutputShape.ONE
    picture_format: Literal["png", "jpg"] = "png"
    known: bool = True
    """False: nobody described it to the mock, so any input is valid."""
    description: str = ""

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def version(self) -> str:
        """Its one version, 64 hex digits."""
        return version_id(self.full_name)

    @property
    def picture_inputs(self) -> tuple[str, ...]:
        """The names of the inputs that are pictures, in the order of the schema."""
        return tuple(field.name for field in self.inputs if field.is_uri)
