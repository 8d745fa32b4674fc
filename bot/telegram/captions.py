"""What a person asks for in words: the first word may name a preset, the rest is for the model."""

from collections.abc import Mapping
from dataclasses import dataclass

from replicate_gateway.presets import Preset

_AROUND_A_WORD = "/#:,.!-\N{EN DASH}\N{EM DASH}"


@dataclass(frozen=True, slots=True)
class Wish:
    """`preset` is None when the words name none."""

    preset: str | None
    prompt: str


def wish_of(words: str, presets: Mapping[str, Preset]) -> Wish:
    """The wish behind a caption, a reply, or the command `/preset words`; in any of the languages."""
    head, _, rest = words.strip().partition(" ")
    name = preset_named(head, presets)
    return Wish(name, rest.strip()) if name else Wish(None, words.strip())


def preset_named(word: str, presets: Mapping[str, Preset]) -> str | None:
    """The preset that a single word means."""
    wanted = word.partition("@")[0].strip(_AROUND_A_WORD).casefold()
    return next((preset.name for preset in presets.values() if wanted in preset.words), None)
