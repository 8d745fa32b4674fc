"""What a person may choose about a job, and what they may be asked before it begins."""

from dataclasses import dataclass
from enum import StrEnum


class Delivery(StrEnum):
    """How results are handed over."""

    PHOTO = "photo"  # to look at; Telegram compresses it
    FILE = "file"  # every byte as the model made it
    BOTH = "both"


class AlbumUse(StrEnum):
    """What becomes of several pictures where the preset takes one."""

    ALL = "all"  # each of them is worked on
    FIRST = "first"  # the first one is


class Question(StrEnum):
    """What a job may need to hear from its person before it can begin; in this order."""

    PRESET = "preset"  # what is to be done
    IMAGE = "image"  # another picture, which the preset needs
    PROMPT = "prompt"  # words, which the preset needs
    ALBUM = "album"  # all pictures or the first; see `AlbumUse`
    START = "start"  # whether the order of the pictures is right, and all may begin


@dataclass(frozen=True, slots=True)
class Wishes:
    """The person's choices, as they were when they asked or as they answered since.

    `ask` names the questions that are put although there is a default: `ALBUM` and `START`.
    """

    variations: int = 1
    album: AlbumUse | None = None
    ask: tuple[Question, ...] = ()
    started: bool = False
