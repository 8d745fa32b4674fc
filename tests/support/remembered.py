"""What an object still knows of something: every container below it that has a word of ours as a key or a member."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

_OURS = ("bot.", "storage.", "replicate_gateway.")


def containers_with(root: object, words: Collection[str]) -> dict[str, object]:
    """By path, every dict, set, list or deque below `root` that holds one of the words.

    Follows attributes of objects of ours only: fakes, libraries and the loop may remember what they like.
    """
    return dict(_found(root, type(root).__name__, tuple(words), set()))


def _found(node: object, path: str, words: tuple[str, ...], seen: set[int]) -> Iterator[tuple[str, object]]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, Mapping):
        if any(_speaks_of(key, words) for key in node):
            yield path, node
        for key, value in list(node.items()):
            yield from _found(value, f"{path}[{key!r}]", words, seen)
    elif isinstance(node, list | tuple | set | frozenset) or type(node).__name__ == "deque":
        if any(_speaks_of(member, words) for member in node):
            yield path, node
        for member in list(node):
            yield from _found(member, f"{path}[]", words, seen)
    elif type(node).__module__.startswith(_OURS):
        for name, value in _attributes(node):
            yield from _found(value, f"{path}.{name}", words, seen)


def _attributes(node: object) -> Iterator[tuple[str, Any]]:
    names = set(getattr(node, "__dict__", ()))
    names |= {name for kind in type(node).__mro__ for name in getattr(kind, "__slots__", ())}
    for name in sorted(names):
        if hasattr(node, name):
            yield name, getattr(node, name)


def _speaks_of(key: object, words: tuple[str, ...]) -> bool:
    if isinstance(key, tuple):
        return any(_speaks_of(part, words) for part in key)
    return isinstance(key, str) and any(word in key for word in words)
