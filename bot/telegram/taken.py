"""Which handler took an update: for the log, where nothing else tells what became of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject


@dataclass(slots=True)
class Taken:
    """On its way with one update, as the handlers' datum `taken`."""

    handler: str | None = None  # None: it was not for us, or its sender may not


class NoteHandler(BaseMiddleware):
    """Inside all filters, so it is called for the handler that fits and for no other."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Its name is that of the module and the function."""
        taken, callback = data.get("taken"), data["handler"].callback
        if taken is not None:
            taken.handler = f"{callback.__module__.rpartition('.')[2]}.{callback.__name__.rstrip('_')}"
        return await handler(event, data)
