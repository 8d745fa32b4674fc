"""The real time."""

from datetime import UTC, datetime


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Now, aware, UTC."""
        return datetime.now(UTC)
