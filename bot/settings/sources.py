"""Reads raw values from the environment and `.env`, and refuses names in `.env` that only look like ours."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

from bot.settings.errors import Fault

# Prefixes nobody else uses in a bot's .env; AWS_ is left out, the SDK reads more names than we do.
_OUR_PREFIXES: Final = ("BOT_", "TELEGRAM_", "SANDBOX_", "REPLICATE_", "OUTPUT_", "S3_", "QUEUE_", "USER_")
_OTHER_NAMES: Final = {"TELEGRAM_BOT_TOKEN": "BOT_TOKEN", "TELEGRAM_TOKEN": "BOT_TOKEN", "WEBHOOK_URL": "BASE_URL"}
_SDK_NAMES: Final = frozenset({"AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_PROFILE"})
_SIMILAR: Final = 0.8


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
