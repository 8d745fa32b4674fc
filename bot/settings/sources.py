"""Reads raw values from the environment and `.env`, and refuses names that only look like ours: in
`.env`, which is ours alone, more readily than in the environment.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from dotenv.parser import parse_stream

from bot.settings.errors import Fault

# Prefixes nobody else uses in a bot's .env; AWS_ is left out, the SDK reads more names than we do.
_OUR_PREFIXES: Final = ("BOT_", "TELEGRAM_", "SANDBOX_", "REPLICATE_", "OUTPUT_", "S3_", "QUEUE_", "USER_")
_OTHER_NAMES: Final = {"TELEGRAM_BOT_TOKEN": "BOT_TOKEN", "TELEGRAM_TOKEN": "BOT_TOKEN", "WEBHOOK_URL": "BASE_URL"}
_SDK_NAMES: Final = frozenset({"AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_PROFILE"})
_SIMILAR: Final = 0.8

# The environment is everybody's: prefixes prove nothing there (Kubernetes sets BOT_PORT for a service called bot), nor
# does a likeness in short names (PORT0, HOSTS), nor in those of the SDKs, which read many more than we do.
_VERY_SIMILAR: Final = 0.9
_SHORTEST: Final = 6
_FOREIGN_PREFIXES: Final = ("AWS_", "OTEL_")
# Missing these opens the bot or the purse to strangers, or has the sandbox in place of the bot.
_GRAVE: Final = frozenset(
    {"BOT_TOKEN", "ALLOWED_IDS", "METRICS_TOKEN", "USER_DAILY_JOBS", "USER_MAX_ACTIVE_JOBS", "REPLICATE_MAX_ACTIVE"}
    | {"API_DAILY_JOBS", "API_MAX_ACTIVE_JOBS"}
)


class Misspelt(NamedTuple):
    """A variable of the environment whose name is nearly that of a setting which is not set."""

    name: str
    meant: str
    is_grave: bool
    """Whether to start without that setting could do harm."""

    @property
    def fault(self) -> Fault:
        """For the operator."""
        return Fault(self.name, "an unknown name in the environment", f"{self.meant}: did you mean that?")


def read_env_file(path: Path, known: Iterable[str]) -> tuple[dict[str, str], list[Fault]]:
    """The assignments of a `.env` file as written (no interpolation), and what is wrong with it.

    A missing file is an empty one; later assignments win.
    """
    values: dict[str, str] = {}
    faults: list[Fault] = []
    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return values, faults
    except (OSError, UnicodeDecodeError) as error:
        return values, [Fault(str(path), f"a file that cannot be read ({type(error).__name__})", "UTF-8 text")]
    for binding in bindings:
        if binding.error or (binding.key is not None and binding.value is None):
            line = f"line {binding.original.line} without an assignment"
            faults.append(Fault(str(path), line, "NAME=value, or # before a comment"))
        elif binding.key is not None:
            values[binding.key] = binding.value or ""
    return values, faults + unknown_names(values, known, str(path))


def unknown_names(values: Mapping[str, str], known: Iterable[str], where: str) -> list[Fault]:
    """One fault for each name that is no setting but was probably meant as one."""
    names = sorted(known)
    faults = []
    for name in values:
        if name in names or name in _SDK_NAMES:
            continue
        wants = _meant(name, names)
        if wants is not None:
            faults.append(Fault(name, f"an unknown name in {where}", wants))
    return faults


def misspelt(environ: Iterable[str], known: Collection[str], given: Collection[str]) -> list[Misspelt]:
    """Names in the environment that are hardly anybody else's: nearly those of `known` settings outside `given`."""
    missing = sorted(set(known) - set(given))
    found = []
    for name in environ:
        if name in known or len(name) < _SHORTEST or name.startswith(_FOREIGN_PREFIXES):
            continue
        upper = name.upper()
        if similar := difflib.get_close_matches(upper, missing, n=1, cutoff=_VERY_SIMILAR):
            found.append(Misspelt(name, similar[0], similar[0] in _GRAVE))
        elif (meant := _OTHER_NAMES.get(upper)) in missing:
            found.append(Misspelt(name, meant, is_grave=False))  # whole programs live by these names too
    return found


def _meant(name: str, names: list[str]) -> str | None:
    upper = name.upper()
    if upper in names:
        return f"{upper}: names are upper case"
    likely = _OTHER_NAMES.get(upper) or next(iter(difflib.get_close_matches(upper, names, n=1, cutoff=_SIMILAR)), None)
    if likely:
        return f"{likely}: did you mean that?"
    if upper.startswith(_OUR_PREFIXES):
        return "a name listed in .env.example"
    return None
