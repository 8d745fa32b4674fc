"""One sentence: its key, a language, and the facts in it, which are numbers, times and words."""

from datetime import date, datetime, timedelta

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from babel.units import format_unit

from bot.telegram.catalogues import FALLBACK, catalogue, locales

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def locale_of(language_code: str | None, default: str) -> str:
    """The language of ours for the language of a Telegram app (an IETF tag such as `pt-br`, or nothing)."""
    base = (language_code or "").lower().partition("-")[0]
    return next((locale for locale in locales() if base and locale.lower().partition("_")[0] == base), default)


def text(key: str, locale: str, *, n: int | None = None, **facts: object) -> str:
    """The sentence of this key; `n` chooses the plural form and is a fact too.

    Numbers, `timedelta`, `date` and aware `datetime` facts are written as people of that language write them. A
    language that is no longer offered is English. A key without a sentence is a mistake of ours and raises KeyError.
    """
    locale = locale if locale in locales() else FALLBACK
    sentences = catalogue(locale)
    if n is None:
        sentence = sentences.gettext(key)
    else:
        sentence = sentences.ngettext(key, key, n)
        facts["n"] = n
    return sentence.format(**{name: _written(fact, locale) for name, fact in facts.items()})


def language_name(locale: str) -> str:
    """What the language calls itself, as the first word of a label."""
    name = Locale.parse(locale).get_display_name() or locale
    return name[:1].upper() + name[1:]


def has_text(key: str) -> bool:
    """Whether there is a sentence (without a plural) of this key."""
    try:
        # An empty key is gettext's own, for the catalogue's header.
        return bool(key and catalogue(FALLBACK).gettext(key))
    except KeyError:
        return False


def _written(fact: object, locale: str) -> object:
    match fact:
        case bool():
            return fact
        case int() | float():
            return format_decimal(fact, locale=locale)
        case timedelta():
            return _duration(fact, locale)
        case datetime():
            return f"{format_date(fact, locale=locale)} {fact:%H:%M}"
        case date():
            return format_date(fact, locale=locale)
        case _:
            return fact


def _duration(span: timedelta, locale: str) -> str:
    """Rounded up to what matters at its length: `40 sec`, `12 min`, `3 hr 12 min`, `2 days 4 hr`."""
    seconds = -int(-span.total_seconds() // 1)
    if seconds < _MINUTE:
        return _units(locale, second=max(0, seconds))
    minutes = -(-seconds // _MINUTE)
    if minutes * _MINUTE < _HOUR:
        return _units(locale, minute=minutes)
    if minutes * _MINUTE < _DAY:
        return _units(locale, hour=minutes * _MINUTE // _HOUR, minute=minutes % 60)
    hours = -(-seconds // _HOUR)
    return _units(locale, day=hours // 24, hour=hours % 24)


def _units(locale: str, **parts: int) -> str:
    shown = {unit: count for unit, count in parts.items() if count} or parts
    return " ".join(
        format_unit(count, f"duration-{unit}", length="short", locale=locale) for unit, count in shown.items()
    )
