"""What time it is."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time. Tests bring their own."""

    def now(self) -> datetime:
        """Now, aware, UTC."""
        ...
