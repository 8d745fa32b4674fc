"""Rows of buttons."""

from collections.abc import Sequence
from typing import Literal

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

Style = Literal["danger", "success", "primary"]


def button(label: str, data: str, style: Style | None = None) -> InlineKeyboardButton:
    """A button that comes back with its data."""
    return InlineKeyboardButton(text=label, callback_data=data, style=style)


def keyboard(*rows: Sequence[InlineKeyboardButton]) -> InlineKeyboardMarkup:
    """These rows, without the empty ones."""
    return InlineKeyboardMarkup(inline_keyboard=[list(row) for row in rows if row])


def in_rows(buttons: Sequence[InlineKeyboardButton], each: int) -> list[Sequence[InlineKeyboardButton]]:
    """The buttons, so many beside each other."""
    return [buttons[start : start + each] for start in range(0, len(buttons), each)]
