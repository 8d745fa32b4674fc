"""ChoreLeases wrong settings into lines an operator can act on: the variable, what it got, what it wants."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.redaction import Redactor

_MAX_SHOWN_CHARS: Final = 80
_UNITS: Final = {"_s": "seconds", "_days": "days", "_mb": "MB"}
_redact = Redactor()


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong variable. `got` never holds a secret."""

    variable: str
    got: str
    wants: str

    def __str__(self) -> str:
        """The one line for the operator."""
        return f"{self.variable}: got {self.got}, wants {self.wants}"


class SettingsError(Exception):
    """The settings do not allow a start. Its text is one line per wrong variable."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        first_of_each = {fault.variable: fault for fault in reversed(tuple(faults))}
        self.faults = tuple(reversed(first_of_each.values()))
        super().__init__("\n".join(map(str, self.faults)))


def describe(value: object, *, secret: bool) -> str:
    """What an error line may tell about a value; of a secret only its length."""
    if value is None:
        return "nothing"
    if isinstance(value, SecretStr):
        value, secret = value.get_secret_value(), True
    if secret:
        return f"a value of {len(str(value))} characters"
    # Redacted all the same: tokens do get pasted into the wrong variable.
    shown = _redact(str(value))
    return repr(shown if len(shown) <= _MAX_SHOWN_CHARS else f"{shown[:_MAX_SHOWN_CHARS]}…")


def faults_of(error: ValidationError, fields: Mapping[str, FieldInfo]) -> list[Fault]:
    """The faults behind a validation error of the settings, in its order."""
    faults: list[Fault] = []
    for details in error.errors(include_url=False):
        if details["type"] == "contradiction":
            faults.extend(details["ctx"]["faults"])
        elif details["type"] != "default_factory_not_called":  # follows from another fault, which is listed
            faults.append(_fault(details, fields))
    return faults


def is_secret(field: FieldInfo) -> bool:
    """Whether the field's values are hidden from logs and errors."""
    return "SecretStr" in str(field.annotation)


def _fault(details: ErrorDetails, fields: Mapping[str, FieldInfo]) -> Fault:
    name = str(details["loc"][0])
    field = fields[name]
    got = describe(details["input"], secret=is_secret(field))
    return Fault(name.upper(), got, _wants(details, name, field))


def _wants(details: ErrorDetails, name: str, field: FieldInfo) -> str:
    context: dict[str, Any] = details.get("ctx", {})
    if details["type"] == "value_error":
        return str(context["error"])
    if details["type"] == "literal_error":
        return "one of " + str(context["expected"]).replace("'", "")
    limits = {key: getattr(entry, key) for entry in field.metadata for key in ("ge", "le") if hasattr(entry, key)}
    if limits:
        kind = "a number" if field.annotation is float else "a whole number"
        unit = next((f" ({unit})" for suffix, unit in _UNITS.items() if name.endswith(suffix)), "")
        return f"{kind} from {limits['ge']} to {limits['le']}{unit}"
    return details["msg"]
