"""What an object still knows of something: every container below it that has a word of ours as a key or a member."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

_OURS = ("bot.", "storage.", "replicate_gateway.")
_PLAIN = frozenset({str, bytes, int, float, bool, type(None), datetime, timedelta})


def containers_with(root: object, words: Collection[str]) -> dict[str, object]:
    """By path, every dict, set, list or deque below `root` that holds one of the words.

    Follows attributes of objects of ours only: fakes, libraries and the loop may remember what they like.
    """
    found: dict[str, object] = {}
    _look(root, type(root).__name__, tuple(words), set(), found)
    return found


def _look(node: object, path: str, words: tuple[str, ...], seen: set[int], found: dict[str, object]) -> None:
    kind = type(node)
    if kind in _PLAIN or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, Mapping):
        if any(_speaks_of(key, words) for key in node):
            found[path] = node
        for key, value in list(node.items()):
            _look(value, f"{path}[{key!r}]", words, seen, found)
    elif isinstance(node, list | tuple | set | frozenset | deque):
        if any(_speaks_of(member, words) for member in node):
            found[path] = node
        for member in list(node):
            _look(member, f"{path}[]", words, seen, found)
    elif kind.__module__.startswith(_OURS):
        for name, value in _attributes(node):
            _look(value, f"{path}.{name}", words, seen, found)


def _attributes(node: object) -> Iterator[tuple[str, Any]]:
    yield from getattr(node, "__dict__", {}).items()
    for name in _slots_of(type(node)):
        if hasattr(node, name):
            yield name, getattr(node, name)


@cache
def _slots_of(kind: type) -> frozenset[str]:
    return frozenset(name for base in kind.__mro__ for name in getattr(base, "__slots__", ()))


def _speaks_of(key: object, words: tuple[str, ...]) -> bool:
    if isinstance(key, str):
        return any(word in key for word in words)
    return isinstance(key, tuple) and any(_speaks_of(part, words) for part in key)
