"""What shall go wrong: one frozen value that says it all, and the three ways to ask for it.

A scenario holds for all predictions, for the next N creates, or for one request that names it in its own input:
as the key `mock_scenario` (an object, or text such as `"fail=oom, delay_s=0"`) or inside any text of the input
as `[mock:fail=oom]`. The fields named by the request win over the queued scenario, that over the global one.
"""

import math
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

INPUT_KEY = "mock_scenario"
MAGIC_TEXT = re.compile(r"\[mock:([^\]]{1,500})\]")
LONGEST_SEARCHED_TEXT = 20_000
"""Longer strings are files in data URIs, not prompts."""

FAILURE_TEXTS = {
    "nsfw": "NSFW content detected. Try running it again, or try a different prompt.",
    "sensitive": (
        "The input or output was flagged as sensitive. Please try again with different inputs. (E005) (mock)"
    ),
    "oom": (
        "CUDA out of memory. Tried to allocate 2.25 GiB (GPU 0; 14.58 GiB total capacity; "
        "12.07 GiB already allocated; 1.31 GiB free; 12.83 GiB reserved in total by PyTorch)"
    ),
    "generic": "Prediction failed for an unknown reason. It might have run out of memory? (exitcode -9)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way for a prediction to go; the default is that all goes well."""

    create_status: int | None = None
    """Answer the create call with this error (400 to 599) and create nothing."""
    create_html: bool = False
    """That error is an HTML page, as the proxy in front of the API sends it."""
    retry_after_s: int = 7
    """The wait a `create_status` of 429 tells."""
    retry_after_in: Literal["header", "body", "text", "nowhere"] = "body"
    """Where it tells it: `Retry-After`; `retry_after` and text (low credit); text only; not at all."""
    create_delay_s: float = 0.0
    """Answer the create call this much later; the prediction runs meanwhile."""
    create_dropped: bool = False
    """Create the prediction, then cut the connection instead of answering."""

    delay_s: float | None = None
    """Life of the prediction instead of the configured range."""
    hold: Literal["starting", "processing"] | None = None
    """Stay in this status until released."""
    fail: str | None = None
    """Fail: nsfw, sensitive, oom, generic, or the message itself."""
    end: Literal["canceled", "aborted"] | None = None
    """End like this by itself: canceled while running, or aborted before the start."""

    webhook_lost: bool = False
    """Send no webhook at all."""
    webhook_delay_s: float = 0.0
    """Send each webhook this much after its event."""
    webhook_copies: int = 1
    """Send each delivery this many times at once, with the same webhook-id."""
    webhook_early: bool = False
    """Answer the create call only after the final webhook was tried."""
    webhook_out_of_order: bool = False
    """Send the final webhook first, then the earlier ones, newest first."""
    webhook_signature: Literal["valid", "broken", "stale", "foreign", "missing"] = "valid"
    """Broken: one wrong character; stale: an hour old; foreign: another secret; missing: no headers."""
    webhook_on_aborted: bool = False
    """Send the final webhook after `aborted` too; whether Replicate does is undocumented."""

    output: Literal["url", "data_uri", "gone", "too_large", "endless", "html", "redirect", "corrupt"] = "url"
    """Where the output is, or what its URL does: 404; a huge body with, or without, a Content-Length; a page of
    HTML; a redirect; half a picture."""
    output_bytes: int = 64 * 1024 * 1024
    """Size of a `too_large` output, and where an `endless` one ends after all."""
    output_redirect_to: str = "http://elsewhere.invalid/picture.png"
    """Where a `redirect` leads."""

    @property
    def failure_text(self) -> str | None:
        """The message of a prediction that fails, None when it does not."""
        return None if self.fail is None else FAILURE_TEXTS.get(self.fail, self.fail)


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


def scenario_fields(text: str) -> dict[str, str]:
    """The fields named by `key=value, key=value`; a key alone means yes."""
    parts = (part.strip() for part in text.split(","))
    pairs = (part.partition("=") for part in parts if part)
    return {key.strip(): value.strip() if sign else "true" for key, sign, value in pairs}


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


class ScenarioSwitches:
    """The global scenario and the queue for the next creates."""

    def __init__(self) -> None:
        """All goes well until told otherwise."""
        self.default = Scenario()
        self._next: deque[Scenario] = deque()

    @property
    def queued(self) -> tuple[Scenario, ...]:
        """The scenarios of the next creates, first first."""
        return tuple(self._next)

    def queue(self, scenario: Scenario, count: int) -> None:
        """Uses `scenario` for the `count` creates after those already queued."""
        self._next.extend([scenario] * count)

    def draw(self, model_input: Mapping[str, Any]) -> Scenario:
        """The scenario of one create call; takes it off the queue.

        Raises:
            ValueError: the input asks for something that is no scenario.
        """
        asked = requested_fields(model_input)
        base = self._next.popleft() if self._next else self.default
        return scenario_from(asked, base) if asked else base

    def reset(self) -> None:
        """Back to all goes well."""
        self.default = Scenario()
        self._next.clear()


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
    if scenario.create_status is not None and not 400 <= scenario.create_status <= 599:
        raise ValueError(f"create_status is 400 to 599, not {scenario.create_status}")
    if not 1 <= scenario.webhook_copies <= 100:
        raise ValueError(f"webhook_copies is 1 to 100, not {scenario.webhook_copies}")
    for field in fields(scenario):
        value = getattr(scenario, field.name)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and not (math.isfinite(value) and 0 <= value <= 2**40):
            raise ValueError(f"{field.name} cannot be {value}")
