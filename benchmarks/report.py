"""Prints what was measured, as one table per section that can be pasted into a document."""

import platform
import sys
from datetime import UTC, datetime
from pathlib import Path


class Report:
    """Rows of figures under headings."""

    def machine(self, command: str) -> None:
        """Without machine, date and command figures say nothing."""
        now = datetime.now(UTC)
        print(f"{now:%Y-%m-%d %H:%M} UTC, {_processor()}, Python {platform.python_version()}, {command}")

    def section(self, title: str, *columns: str) -> None:
        """Begin a table."""
        print(f"\n{title}\n\n| | {' | '.join(columns)} |\n|---|{'---:|' * len(columns)}", flush=True)

    def row(self, name: str, *values: float) -> None:
        """One line."""
        print(f"| {name} | {' | '.join(map(_figure, values))} |", flush=True)

    def compare(self, name: str, ours: float, floor: float, *, ratio: float | None = None) -> None:
        """One line with the ratio of the two, unless a better one is given."""
        self.row(name, ours, floor, ours / floor if ratio is None else ratio)

    def note(self, text: str) -> None:
        """A sentence below a table."""
        print(f"\n{text}", flush=True)


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _processor() -> str:
    if sys.platform == "linux":
        with Path("/proc/cpuinfo").open() as lines:
            model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
        if model:
            return model
    return platform.machine()
