"""Formatted text the way Telegram counts it: plain text and entities with UTF-16 offsets.

https://core.telegram.org/bots/api#html-style
"""

import html
import re
from dataclasses import dataclass, field
from typing import Any

from mock_server.telegram.errors import BotApiError, bad_request

_SIMPLE_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
}
_KNOWN_TAGS = frozenset(_SIMPLE_TAGS) | {"a", "tg-emoji", "blockquote"}

_TOKEN = re.compile(
    r"""<(?P<slash>/?)(?P<name>[^\s>]*)(?P<attributes>(?:[^>"']|"[^"]*"|'[^']*')*)>"""
    r"""|(?P<unclosed></?)"""
    r"""|(?P<reference>&(?:\#x[0-9a-f]{1,6}|\#[0-9]{1,7}|lt|gt|amp|quot);?)""",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"""\s*([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))|\s*(expandable)(?=\s|$)""", re.IGNORECASE
)
_DETECTED = (
    ("url", re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")),
    ("bot_command", re.compile(r"(?<![\w/@])/[a-zA-Z0-9_]{1,32}(?:@[a-zA-Z0-9_]{3,32})?(?![\w/])")),
    ("mention", re.compile(r"(?<![\w@])@[a-zA-Z][a-zA-Z0-9_]{3,31}\b")),
)


@dataclass(frozen=True)
class FormattedText:
    """Plain text with its MessageEntity objects as JSON."""

    text: str = ""
    entities: tuple[dict[str, Any], ...] = ()


def utf16_length(text: str) -> int:
    """Count UTF-16 code units: an emoji outside the basic plane counts two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_slice(text: str, offset: int, length: int) -> str:
    """Give the part of `text` that an entity covers."""
    return text.encode("utf-16-le")[2 * offset : 2 * (offset + length)].decode("utf-16-le", "ignore")


@dataclass
class _OpenTag:
    name: str
    attributes: dict[str, str]
    offset: int
    part: int


@dataclass
class _HtmlReader:
    source: str
    parts: list[str] = field(default_factory=list)
    offset: int = 0
    opened: list[_OpenTag] = field(default_factory=list)
    entities: list[dict[str, Any]] = field(default_factory=list)

    def read(self) -> FormattedText:
        position = 0
        for token in _TOKEN.finditer(self.source):
            self._text(self.source[position : token.start()])
            position = token.end()
            self._token(token)
        self._text(self.source[position:])
        if self.opened:
            raise _cannot_parse(f'Can\'t find end tag corresponding to start tag "{self.opened[-1].name}"')
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return FormattedText("".join(self.parts), tuple(self.entities))

    def _text(self, text: str) -> None:
        if text:
            self.parts.append(text)
            self.offset += utf16_length(text)

    def _token(self, token: re.Match[str]) -> None:
        at = len(self.source[: token.start()].encode())
        if token["reference"]:
            self._text(html.unescape(token["reference"].rstrip(";") + ";"))
        elif token["unclosed"]:
            which = "end" if token["unclosed"] == "</" else "start"
            raise _cannot_parse(f"Unclosed {which} tag at byte offset {at}")
        elif token["slash"]:
            self._close(token["name"].lower(), at)
        else:
            self._open(token["name"].lower(), token["attributes"], at)

    def _open(self, name: str, attributes: str, at: int) -> None:
        if name not in _KNOWN_TAGS:
            raise _cannot_parse(f'Unsupported start tag "{name}" at byte offset {at}')
        values = _read_attributes(name, attributes, at)
        if name == "span" and values.get("class") != "tg-spoiler":
            raise _cannot_parse(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
        self.opened.append(_OpenTag(name, values, self.offset, len(self.parts)))

    def _close(self, name: str, at: int) -> None:
        if not self.opened:
            raise _cannot_parse(f"Unexpected end tag at byte offset {at}")
        tag = self.opened[-1]
        if name and name != tag.name:
            raise _cannot_parse(f'Unmatched end tag at byte offset {at}, expected "</{tag.name}>", found "</{name}>"')
        self.opened.pop()
        length = self.offset - tag.offset
        if length:
            self._add(tag, length)

    def _add(self, tag: _OpenTag, length: int) -> None:
        described = _describe(tag, "".join(self.parts[tag.part :]))
        if described is None:
            return
        if tag.name == "pre" and self._wraps_code_with_language(tag.offset, length):
            self.entities[-1]["type"] = "pre"
            return
        self.entities.append({"offset": tag.offset, "length": length, **described})

    def _wraps_code_with_language(self, offset: int, length: int) -> bool:
        last = self.entities[-1] if self.entities else {}
        return "language" in last and (last["offset"], last["length"]) == (offset, length)


def _read_attributes(tag: str, attributes: str, at: int) -> dict[str, str]:
    values: dict[str, str] = {}
    position = 0
    rest = attributes.rstrip()
    while position < len(rest):
        match = _ATTRIBUTE.match(rest, position)
        if match is None:
            raise _cannot_parse(
                f'Expected equal sign in declaration of an attribute of the tag "{tag}" at byte offset {at}'
            )
        name = (match[1] or match[5]).lower()
        values[name] = html.unescape(match[2] or match[3] or match[4] or "")
        position = match.end()
    return values


def _describe(tag: _OpenTag, inner: str) -> dict[str, Any] | None:
    if tag.name == "a":
        url = tag.attributes.get("href", inner)
        if re.match(r"[a-z][a-z0-9+.-]*:", url, re.IGNORECASE):
            return {"type": "text_link", "url": url}
        return {"type": "text_link", "url": f"http://{url}/"} if "." in url else None
    if tag.name == "tg-emoji":
        emoji_id = tag.attributes.get("emoji-id", "")
        if not emoji_id.isdecimal() or int(emoji_id) == 0:
            raise _cannot_parse("Invalid custom emoji identifier specified")
        return {"type": "custom_emoji", "custom_emoji_id": emoji_id}
    if tag.name == "blockquote":
        return {"type": "expandable_blockquote" if "expandable" in tag.attributes else "blockquote"}
    language = tag.attributes.get("class", "").removeprefix("language-") if tag.name == "code" else ""
    return {"type": _SIMPLE_TAGS[tag.name], **({"language": language} if language else {})}


def _cannot_parse(why: str) -> BotApiError:
    return bad_request(f"can't parse entities: {why}")


def parse_html(source: str) -> FormattedText:
    """Give the text and entities of Telegram's HTML.

    Raises: BotApiError with "can't parse entities" and the byte offset, like Telegram.
    """
    parsed = _HtmlReader(source).read()
    entities = []
    for entity in parsed.entities:
        bare = {**entity}
        if bare["type"] == "code":  # a language counts only inside <pre>
            bare.pop("language", None)
        entities.append(bare)
    return trimmed(FormattedText(parsed.text, tuple(entities)))


def trimmed(formatted: FormattedText) -> FormattedText:
    """Remove white space around the text, as Telegram does; entities move along."""
    text = formatted.text.strip()
    if text == formatted.text:
        return formatted
    lead = utf16_length(formatted.text) - utf16_length(formatted.text.lstrip())
    total = utf16_length(text)
    entities = []
    for entity in formatted.entities:
        start = max(entity["offset"] - lead, 0)
        end = min(entity["offset"] + entity["length"] - lead, total)
        if end > start:
            entities.append({**entity, "offset": start, "length": end - start})
    return FormattedText(text, tuple(entities))


def with_detected(formatted: FormattedText) -> FormattedText:
    """Add the entities Telegram finds by itself (links, commands, mentions) where nothing else is marked."""
    entities = list(formatted.entities)
    for kind, pattern in _DETECTED:
        for match in pattern.finditer(formatted.text):
            offset, length = utf16_length(formatted.text[: match.start()]), utf16_length(match[0])
            if not any(e["offset"] < offset + length and offset < e["offset"] + e["length"] for e in entities):
                entities.append({"offset": offset, "length": length, "type": kind})
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return FormattedText(formatted.text, tuple(entities))
