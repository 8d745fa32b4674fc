"""Updates as they came: what can be told of one that may not even parse."""

from collections.abc import Mapping
from typing import Any


def chat_in(event: object) -> Mapping[str, Any]:
    """The chat of a message, or of the message that was pressed on; empty where there is none."""
    body = mapping(event)
    return mapping(body.get("chat") or mapping(body.get("message")).get("chat"))


def chat_id_of(update: Mapping[str, Any]) -> int | None:
    """Which chat an update is about, if it is about one."""
    ids = (chat_in(event).get("id") for event in update.values())
    return next((one for one in ids if isinstance(one, int)), None)


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}
