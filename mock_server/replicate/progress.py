"""The log lines of a run, as tqdm prints them: what clients read a percentage from.

https://github.com/tqdm/tqdm
"""

from collections.abc import Mapping
from typing import Any

USUAL_STEPS = 10
MOST_STEPS = 1000
MOST_LINES = 10
"""A run of many steps writes a line for some of them, like a bar that is drawn now and then."""
EIGHTHS = " ▏▎▍▌▋▊▉"
BAR_CELLS = 10


def steps_of(model_input: Mapping[str, Any]) -> int:
    """How many steps the input asks for."""
    asked = model_input.get("steps", model_input.get("num_inference_steps"))
    usable = isinstance(asked, int) and not isinstance(asked, bool)
    return max(1, min(asked, MOST_STEPS)) if usable and asked is not None else USUAL_STEPS


def milestones(steps: int) -> list[int]:
    """The steps that write a line, the last one included."""
    lines = min(steps, MOST_LINES)
    return [steps * line // lines for line in range(1, lines + 1)]


def progress_line(step: int, steps: int, seconds: float) -> str:
    """One line: percent, bar, steps, time spent and left, rate."""
    percent = 100 * step // steps
    if step == 0:
        return f"{percent:3d}%|{_bar(0, steps)}| 0/{steps} [00:00<?, ?it/s]\n"
    rate = step / seconds if seconds > 0 else 0.0
    times = f"{_minutes(seconds)}<{_minutes(seconds * (steps - step) / step)}"
    return f"{percent:3d}%|{_bar(step, steps)}| {step}/{steps} [{times}, {rate:5.2f}it/s]\n"


def _bar(step: int, steps: int) -> str:
    whole, rest = divmod(step * BAR_CELLS * len(EIGHTHS) // steps, len(EIGHTHS))
    return ("█" * whole + (EIGHTHS[rest] if rest else "")).ljust(BAR_CELLS)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
