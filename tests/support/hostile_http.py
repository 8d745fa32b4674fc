"""Requests that no well-behaved client would send: written to the socket byte by byte, drawn by Hypothesis."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

PATIENCE_S = 8.0
_PIECE_BYTES = 64 * 1024

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Request:
    """A request as bytes on the wire; `framing` says how its body is announced."""

    method: bytes
    target: bytes
    headers: Headers = ()
    body: bytes = b""
    framing: str = "length"  # length | chunked | short | long | both | broken chunk | none
    version: bytes = b"HTTP/1.1"

    @property
    def whole(self) -> bool:
        """Whether a server can know where it ends."""
        return self.framing in {"length", "chunked"} or (self.framing == "none" and not self.body)

    def raw(self) -> bytes:
        """Its bytes; the connection is to be closed afterwards."""
        lines = [b" ".join((self.method, self.target, self.version)), b"Host: x", b"Connection: close"]
        lines += [name + b": " + value for name, value in self.headers]
        announced, body = _framed(self.framing, self.body)
        return b"\r\n".join([*lines, *announced, b"", b""]) + body


@dataclass
class Answer:
    """What came back; no status when the server only closed."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def _framed(framing: str, body: bytes) -> tuple[list[bytes], bytes]:
    chunked, chunk = b"Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    match framing:
        case "length":
            return [b"Content-Length: %d" % len(body)], body
        case "chunked":
            return [chunked], chunk + b"0\r\n\r\n"
        case "short":
            return [b"Content-Length: %d" % (len(body) + 7)], body
        case "long":
            return [b"Content-Length: %d" % (len(body) // 2)], body
        case "both":
            return [b"Content-Length: %d" % len(body), chunked], chunk + b"0\r\n\r\n"
        case "broken chunk":
            return [chunked], b"zz\r\n" + body
        case _:
            return [], body


async def exchange(address: tuple[str, int], raw: bytes, *, within: float = PATIENCE_S) -> Answer:
    """Send the bytes on a connection of their own, and read what comes until the server closes it.

    Raises:
        TimeoutError: it did not: something hangs.
    """
    async with asyncio.timeout(within):
        reader, writer = await asyncio.open_connection(*address)
        sending = asyncio.ensure_future(_send(writer, memoryview(raw)))
        try:
            return _answer(await reader.read())
        except ConnectionError:  # it closed while we were writing
            return Answer()
        finally:
            sending.cancel()
            await asyncio.wait({sending})
            writer.close()


async def _send(writer: asyncio.StreamWriter, raw: memoryview) -> None:
    """In pieces, so that what is not taken is not held twice."""
    with suppress(ConnectionError):
        for start in range(0, len(raw), _PIECE_BYTES):
            writer.write(raw[start : start + _PIECE_BYTES])
            await writer.drain()


def _answer(received: bytes) -> Answer:
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) < 2 or not words[1].isdigit():
        return Answer()
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    return Answer(int(words[1]), {name.lower(): value for name, value in headers.items()}, body)


# --- what may be drawn ------------------------------------------------------------------------------------------------

_TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABC-_!#$%&'*+.^`|~0129", min_size=1, max_size=20).map(str.encode)
# Any bytes but those that end a line; some are no header value either, which is the server's to refuse.
ODD_VALUES = [
    b"", b"\xff\xfe", "ключ".encode(), b"\xed\xb2\x80", b"a" * 5000, b"-1", b"9" * 40, b"\t", b'"', b"*/*;q=x", b"=;,"
]  # fmt: skip
_VALUE = st.binary(max_size=60).map(lambda raw: raw.translate(None, b"\r\n\0")) | st.sampled_from(ODD_VALUES)
TELLING_HEADERS = [
    b"X-Telegram-Bot-Api-Secret-Token", b"Authorization", b"X-Api-Key", b"webhook-id", b"webhook-timestamp",
    b"webhook-signature", b"Content-Type", b"Content-Encoding", b"Accept", b"Accept-Encoding", b"Accept-Language",
    b"Cookie", b"Expect", b"Upgrade", b"Connection", b"Origin", b"Range", b"If-Range", b"If-Match",
    b"If-None-Match", b"If-Modified-Since", b"Idempotency-Key", b"Forwarded", b"X-Forwarded-For", b"Host",
    b"Content-Length", b"Transfer-Encoding", b"Sec-WebSocket-Key", b"TE", b"Trailer",
]  # fmt: skip
_TELLING = st.sampled_from(TELLING_HEADERS)
CONTENT_TYPES = st.sampled_from(
    [
        b"application/json", b"application/json; charset=utf-16", b"application/json; charset=nonsense", b"text/plain",
        b"application/x-www-form-urlencoded", b"multipart/form-data", b"multipart/form-data; boundary=x", b"/", b";",
        b"image/jpeg", b"", b"\xff",
    ]
)  # fmt: skip

HEADERS = st.lists(
    st.tuples(_TELLING, _VALUE)
    | st.tuples(_TELLING, st.sampled_from([b"100-continue", b"websocket", b"gzip", b"deflate", b"br", b"bytes=0-"]))
    | st.tuples(st.just(b"Content-Type"), CONTENT_TYPES)
    | st.tuples(_TOKEN, _VALUE),
    max_size=6,
)
METHODS = st.sampled_from(
    [b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND"]
) | st.binary(min_size=1, max_size=8)
FRAMINGS = st.sampled_from(["length", "length", "chunked", "short", "long", "both", "broken chunk", "none"])
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["job", "slot", "ref", "e", "s", "n", "limit", "cursor", "lang", ""]),
        st.binary(max_size=20).map(quote_from_bytes) | st.sampled_from(["0", "-1", "9" * 30, "%zz", "%", "é", "=&"]),
    ),
    max_size=4,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode())
_QUOTED = st.binary(min_size=1, max_size=30).map(lambda raw: quote_from_bytes(raw, safe="/").encode())
SEGMENTS = _QUOTED | st.sampled_from(
    [b"..", b"../../etc/passwd", b"%2e%2e%2f", b"%00", b"a" * 3000, b"jobs/x.json", b".lock", b"//", b"\xff", b"{}"]
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, 2**63, -(2**63), 10**40, 1.5, 1e308, "", "0", "\ud800", "\0", "a" * 5000, "../x", "😀"])
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NO_JSON = st.binary(max_size=60) | st.sampled_from(
    [b"[" * 50_000, b'{"a":' * 500 + b"1" + b"}" * 500, b'{"a":' * 20_000, b"9" * 10_000, b"NaN", b"\xef\xbb\xbf{}"]
)


def requests(method: st.SearchStrategy[bytes], path: str) -> st.SearchStrategy[Request]:
    """Any request to this path; `{name}` in it may become anything."""

    def target(segment: bytes, query: bytes) -> bytes:
        return filled(path, segment) + (b"?" + query if query else b"")

    bodies = NO_JSON | JSON.map(lambda value: json.dumps(value).encode()) | st.binary(min_size=60, max_size=3000)
    targets = st.builds(target, SEGMENTS, QUERIES)
    return st.builds(Request, method, targets, HEADERS, bodies, FRAMINGS)


def filled(path: str, segment: bytes) -> bytes:
    """The path with `segment` in place of each `{name}`."""
    before, brace, rest = path.partition("{")
    return before.encode() + (segment + filled(rest.partition("}")[2], segment) if brace else b"")


@st.composite
def mutations(draw: st.DrawFn, documents: Sequence[Any]) -> Any:
    """One of the documents with up to three of its values replaced, dropped, repeated or wrapped."""
    document = deepcopy(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(0, 3))):
        places = list(_places(document))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "replace", "drop", "wrap", "add"])):
            case "replace":
                holder[key] = draw(JSON)
            case "drop":
                del holder[key]
            case "wrap":
                holder[key] = [holder[key], holder[key]]
            case _ if isinstance(holder, dict):
                holder[draw(st.text(max_size=8))] = draw(JSON)
    return document


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    items = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(items):
        yield node, key
        yield from _places(value)
