"""Short ways to write the inputs of the catalogue."""

from typing import Any

from mock_server.replicate.models.spec import InputField


def picture(name: str, description: str, *, required: bool = True) -> InputField:
    """One picture, as a URI."""
    return InputField(name=name, is_uri=True, required=required, description=description)


def pictures(name: str, description: str) -> InputField:
    """A list of pictures, none by default."""
    return InputField(name=name, is_uri=True, is_list=True, default=[], description=description)


def text(name: str, description: str = "", *, required: bool = False, default: str | None = None) -> InputField:
    """A string."""
    return InputField(name=name, required=required, default=default, description=description)


def choice(name: str, *choices: str, default: str, description: str = "") -> InputField:
    """One of some strings."""
    return InputField(name=name, choices=choices, default=default, description=description)


def flag(name: str, description: str = "", *, default: bool = False) -> InputField:
    """Yes or no."""
    return InputField(name=name, type="boolean", default=default, description=description)


def integer(name: str, default: int | None = None, description: str = "", **bounds: Any) -> InputField:
    """A whole number."""
    return InputField(name=name, type="integer", default=default, description=description, **bounds)


def number(name: str, default: float, description: str = "", **bounds: Any) -> InputField:
    """Any number."""
    return InputField(name=name, type="number", default=default, description=description, **bounds)
