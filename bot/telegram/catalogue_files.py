"""Keeps the catalogues' files alike: `python -m bot.telegram.catalogue_files [new locale ...]`, or `make languages`.

English is the template. Every other file gets the same keys in the same order; what is new in it speaks English and
is marked fuzzy until somebody has translated it.
"""

import io
import sys

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from bot.telegram.catalogues import FALLBACK, locales, path_of

# The rest of gettext's usual header names people and dates, which version control knows better.
_HEADER = ('"Language:', '"Plural-Forms:', '"MIME-Version:', '"Content-')


def file_of(locale: str, before: str | None, template: str) -> str:
    """The file of a language, brought in line with the English one; `before` is what it was, if it was."""
    english = _parsed(template, FALLBACK)
    known = _parsed(before, locale) if before else Catalog(locale=locale)
    fresh = Catalog(locale=locale, header_comment=known.header_comment if before else "", fuzzy=False, charset="utf-8")
    for message in english:
        if not message.id:
            continue
        found = known.get(message.id[0] if message.pluralizable else message.id)
        if found and found.pluralizable == message.pluralizable:
            fresh.add(message.id, found.string, flags=found.flags, auto_comments=message.auto_comments)
        else:
            forms = _as_many_forms(message, fresh.num_plurals)
            fresh.add(message.id, forms, flags=("fuzzy",), auto_comments=message.auto_comments)
    return _written(fresh)


def bring_in_line(new: tuple[str, ...] = ()) -> None:
    """Rewrite the files of all languages, and begin those of new ones."""
    template = path_of(FALLBACK).read_text(encoding="utf-8")
    for locale in (*locales(), *new):
        path = path_of(locale)
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else None
        path.write_text(file_of(locale, before, template), encoding="utf-8")


def _parsed(body: str, locale: str) -> Catalog:
    return read_po(io.BytesIO(body.encode()), locale=locale, abort_invalid=True)


def _as_many_forms(message: Message, count: int) -> str | tuple[str, ...]:
    """The English sentence in as many forms as the language has."""
    if isinstance(message.string, tuple | list):
        return (*message.string, *[message.string[-1]] * count)[:count]
    return message.string or ""


def _written(catalog: Catalog) -> str:
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=0)
    lines = buffer.getvalue().decode().strip().splitlines()
    header, rest = lines[: lines.index("")], lines[lines.index("") :]
    kept = [line for line in header if not line.startswith('"') or line.startswith(_HEADER)]
    return "\n".join([*kept, *rest, ""])


if __name__ == "__main__":
    bring_in_line(tuple(sys.argv[1:]))
