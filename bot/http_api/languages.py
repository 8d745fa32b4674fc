"""Which of our languages a caller wants: `Accept-Language` (https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4)."""

import re
from collections.abc import Sequence

from aiohttp import web

_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")
_MAX_CHARS = 1000


def negotiated(header: str, locales: Sequence[str], default: str) -> str:
    """The locale of ours that fits best; `default` where none does, or the header makes no sense."""
    wishes = [found for part in header[:_MAX_CHARS].split(",") if (found := _RANGE.fullmatch(part))]
    for wish in sorted(wishes, key=lambda wish: -float(wish[2] or 1)):
        if float(wish[2] or 1) == 0:
            break
        if wish[1] == "*":
            return default
        for locale in locales:
            if _base(wish[1]) == _base(locale):
                return locale
    return default


def caller_locale(request: web.BaseRequest, locales: Sequence[str], default: str) -> str:
    """The locale for whoever sent this request."""
    header = request.headers.get("Accept-Language")
    return negotiated(header, locales, default) if header else default


def language_tag(locale: str) -> str:
    """`pt_BR` as HTTP spells it: `pt-BR`."""
    return locale.replace("_", "-")


def _base(tag: str) -> str:
    return re.split("[-_]", tag.lower())[0]
