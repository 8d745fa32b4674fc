"""docs/settings.md, written from the settings class: `make reference`. A test compares the two."""

from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Final

from bot.settings import Settings, SettingsError, load_settings

PAGE: Final = Path("docs") / "settings.md"

# What no setting takes: no number, no name in ASCII. The one that takes any name of a directory refuses a file.
_TAKEN_BY_NONE: Final = ("…", __file__)
_HEAD: Final = """# Settings

Written by `make reference` from `bot/settings/`; a test compares. Settings come from the environment, and from a file
`.env` in the working directory, over which the environment wins. [.env.example](../.env.example), which has more
words on each, is there to be copied. An empty value counts as unset.

A wrong value, or two that contradict each other, stop the start with one line that names the variable, says what it got
(of secrets the length only) and what it wants:

```text
PORT: got 'eighty', wants a whole number from 1 to 65535
```

So does a name in `.env` that is unknown and looks like one of these. The environment is shared with other programs:
there it is a name that differs by a letter or two from a setting which is not set, where to go without that setting
could do harm (`BOT_TOKEN`, `ALLOWED_IDS`, `METRICS_TOKEN`, the limits on jobs); for the others,
`setting_name_doubtful` in the log asks whether it was meant. Compose's `env_file` and systemd's `EnvironmentFile` fill
the environment.

| variable | default | what it is | takes |
|---|---|---|---|
"""


def reference() -> str:
    """The whole page."""
    return _HEAD + "".join(_rows())


def _rows() -> Iterator[str]:
    defaults = load_settings({}, env_file=None)
    for name, field in Settings.model_fields.items():
        default = _shown(getattr(defaults, name))
        yield f"| `{name.upper()}` | {default} | {field.description} | {_wants(name.upper())} |\n"


def _shown(value: object) -> str:
    if value is None or value in (frozenset(), ()):
        return "unset"
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    if isinstance(value, float):
        value = f"{value:g}"
    return f"`{value.tzname(None) if isinstance(value, tzinfo) else value}`"


def _wants(variable: str) -> str:
    """The words in which a wrong value is refused, so that there is one description of what is right."""
    for wrong in _TAKEN_BY_NONE:
        try:
            load_settings({variable: wrong}, env_file=None)
        except SettingsError as error:
            for fault in error.faults:
                if fault.variable == variable:
                    return fault.wants.replace("|", "\\|")
    raise ValueError(f"{variable} takes anything")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
