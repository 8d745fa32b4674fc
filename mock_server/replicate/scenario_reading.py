"""Makes scenarios of JSON, text, files and the inputs of predictions.

A scenario holds for all predictions, for the next N creates, or for one request that names it in its own input:
as the key `mock_scenario` (an object, or text such as `"fail=oom, delay_s=0"`) or inside any text of the input
as `[mock:fail=oom]`. A word without a value is a named scenario (`[mock:slow]`) or a field that is true.
"""

import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from mock_server.replicate.scenario import Scenario
from mock_server.replicate.scenario_names import NAMED_SCENARIOS, fields_of

INPUT_KEY = "mock_scenario"
SCENARIO_VARIABLE = "MOCK_REPLICATE_SCENARIO"
MAGIC_TEXT = re.compile(r"\[mock:([^\]]{1,500})\]")
LONGEST_SEARCHED_TEXT = 20_000
"""Longer strings are files in data URIs, not prompts."""
LARGEST_NUMBER = 2**40
MOST_COPIES = 100
FILE_SUFFIXES = {".toml": tomllib.loads, ".json": json.loads}

_TYPES: dict[str, Any] = get_type_hints(Scenario)


def scenario_from(values: Mapping[str, Any], base: Scenario | None = None) -> Scenario:
    """`base` (or the default) with the named fields replaced; texts are read as numbers where one is wanted.

    Raises:
        ValueError: unknown field or impossible value, said in a sentence.
    """
    unknown = sorted(set(values) - set(_TYPES))
    if unknown:
        raise ValueError(f"unknown scenario field {unknown[0]!r}; known are {', '.join(_TYPES)}")
    scenario = replace(base or Scenario(), **{name: _read(name, value) for name, value in values.items()})
    _check(scenario)
    return scenario


def scenario_fields(text: str) -> dict[str, Any]:
    """The fields named by `name, key=value`; a word alone is a named scenario, else a field that is true."""
    found: dict[str, Any] = {}
    for part in (part.strip() for part in text.split(",")):
        key, sign, value = part.partition("=")
        if sign:
            found[key.strip()] = value.strip()
        elif part:
            named = fields_of(part)
            found |= {part: "true"} if named is None else named
    return found


def read_scenario(text: str) -> Scenario:
    """The scenario a person asks for in one line: `slow`, `slow, webhook_copies=5`, or the path of a file.

    A file is TOML or JSON with the fields of a scenario; its key `like` names the scenario it starts from.

    Raises:
        ValueError: unknown name, field or value, or an unreadable file.
    """
    path = Path(text.strip())
    if path.suffix not in FILE_SUFFIXES:
        return scenario_from(_known_words(scenario_fields(text), text))
    try:
        values = FILE_SUFFIXES[path.suffix](path.read_text())
        if not isinstance(values, dict):
            raise ValueError("the fields of a scenario are wanted")  # noqa: TRY004, TRY301 -- one kind of fault
        return scenario_like(values)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def scenario_from_environment(environment: Mapping[str, str]) -> Scenario:
    """The scenario that `MOCK_REPLICATE_SCENARIO` asks for; without it all goes well.

    Raises:
        ValueError: as `read_scenario`.
    """
    return read_scenario(environment.get(SCENARIO_VARIABLE, ""))


def scenario_like(values: Mapping[str, Any]) -> Scenario:
    """The scenario with these fields, on top of the named one that the key `like` tells, if it is there.

    Raises:
        ValueError: unknown name or field, or impossible value.
    """
    like = values.get("like", "well")
    base = fields_of(like) if isinstance(like, str) else None
    if base is None:
        raise ValueError(f"no scenario is called {like!r}; there are {', '.join(NAMED_SCENARIOS)}")
    return scenario_from({**base, **{name: value for name, value in values.items() if name != "like"}})


def requested_fields(model_input: Mapping[str, Any]) -> dict[str, Any]:
    """The scenario fields that an input itself asks for; empty for an ordinary one.

    Raises:
        ValueError: `mock_scenario` is neither an object nor a text.
    """
    found: dict[str, Any] = {}
    for value in model_input.values():
        if isinstance(value, str) and len(value) <= LONGEST_SEARCHED_TEXT and "[mock:" in value:
            for text in MAGIC_TEXT.findall(value):
                found |= scenario_fields(text)
    explicit = model_input.get(INPUT_KEY, {})
    if isinstance(explicit, str):
        return found | scenario_fields(explicit)
    if not isinstance(explicit, Mapping):
        raise ValueError(f"{INPUT_KEY} is an object or a text, not {type(explicit).__name__}")  # noqa: TRY004 -- ours is a user's fault
    return found | dict(explicit)


def _known_words(values: dict[str, Any], text: str) -> dict[str, Any]:
    unknown = sorted(set(values) - set(_TYPES))
    if unknown:
        names = ", ".join(NAMED_SCENARIOS)
        raise ValueError(f"no scenario or field is called {unknown[0]!r} ({text!r}); scenarios are {names}")
    return values


def _read(name: str, value: Any) -> Any:
    wanted = _TYPES[name]
    options = get_args(wanted) if get_origin(wanted) in (Union, UnionType) else (wanted,)
    if value is None and type(None) in options:
        return None
    for option in options:
        if get_origin(option) is Literal:
            if value in get_args(option):
                return value
            raise ValueError(f"{name} is one of {', '.join(get_args(option))}, not {value!r}")
        if option is not type(None):
            return _convert(name, option, value)
    raise ValueError(f"{name} cannot be {value!r}")


def _convert(name: str, wanted: type, value: Any) -> Any:
    if wanted is bool:
        yes_no = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if str(value).lower() not in yes_no:
            raise ValueError(f"{name} is true or false, not {value!r}")
        return yes_no[str(value).lower()]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"{name} cannot be {value!r}")  # noqa: TRY004 -- as above
    try:
        return wanted(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} wants {wanted.__name__}, not {value!r}") from None


def _check(scenario: Scenario) -> None:
    for name in ("create_status", "api_status", "stream_status"):
        status = getattr(scenario, name)
        if status is not None and not 400 <= status <= 599:
            raise ValueError(f"{name} is 400 to 599, not {status}")
    if not 1 <= scenario.webhook_copies <= MOST_COPIES:
        raise ValueError(f"webhook_copies is 1 to {MOST_COPIES}, not {scenario.webhook_copies}")
    for field in fields(scenario):
        value = getattr(scenario, field.name)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and not (math.isfinite(value) and 0 <= value <= LARGEST_NUMBER):
            raise ValueError(f"{field.name} cannot be {value}")
    if scenario.chance > 1:
        raise ValueError(f"chance is 0 to 1, not {scenario.chance}")
    if scenario.delay_p95_s is not None and not 0 < (scenario.delay_s or 0) <= scenario.delay_p95_s:
        raise ValueError("delay_p95_s wants a delay_s above 0 and not above itself: the median")
