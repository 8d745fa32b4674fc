"""What a model is to the mock: a name, a schema, and the family of picture it makes."""

from collections.abc import Mapping, Sequence
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
    """The JSON type of an output, by the word a scenario uses."""

    ONE = "string"
    """One URL."""
    LIST = "list"
    """A list of URLs, even for one picture."""
    OBJECT = "object"
    """URLs by name."""
    TEXT = "text"
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
    tags: tuple[str, ...] = ()
    """What search finds it by, and what puts it into collections."""
    released_at: float = 1_740_830_400.0
    """Seconds since 1970; the list of models is sorted by it."""

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

    def with_defaults(self, model_input: Mapping[str, Any]) -> dict[str, Any]:
        """The input as the model sees it: what was not given has its default."""
        defaults = {field.name: field.default for field in self.inputs if field.default is not None}
        return defaults | {name: value for name, value in model_input.items() if value is not None}
