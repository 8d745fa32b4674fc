"""The sentences that people read: GNU gettext catalogues under `locales/`, one per language, keyed by name.

They are compiled in memory from the .po files, so that what is reviewed is what is spoken. docs/languages.md says how
to add one.
"""

import gettext
import io
from functools import cache
from pathlib import Path
from typing import NoReturn

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

# Every key has a sentence in this language; the others are held to it by tests.
FALLBACK = "en"

_FOLDER = Path(__file__).with_name("locales")
_FILE = "LC_MESSAGES/messages.po"


class _NoSuchSentence(gettext.NullTranslations):
    """gettext would show the key to the person; a missing one is a mistake of ours."""

    def gettext(self, message: str) -> NoReturn:
        raise KeyError(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> NoReturn:
        raise KeyError(msgid1)


@cache
def locales() -> tuple[str, ...]:
    """The languages that there are catalogues for, English first."""
    found = sorted(path.parent.parent.name for path in _FOLDER.glob(f"*/{_FILE}"))
    return (FALLBACK, *(locale for locale in found if locale != FALLBACK))


@cache
def catalogue(locale: str) -> gettext.GNUTranslations:
    """The sentences of one of `locales()`; read and compiled at first use."""
    with path_of(locale).open("rb") as source:
        parsed = read_po(source, locale=locale, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, parsed, use_fuzzy=True)  # what is not translated yet is English
    compiled.seek(0)
    sentences = gettext.GNUTranslations(compiled)
    sentences.add_fallback(_NoSuchSentence())
    return sentences


def load_catalogues() -> None:
    """Read all languages now: takes a quarter of a second, which no update should wait for."""
    for locale in locales():
        catalogue(locale)


def path_of(locale: str) -> Path:
    """The file of a language."""
    return _FOLDER / locale / _FILE
