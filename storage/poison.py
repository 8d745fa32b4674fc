"""What is kept of something that nobody foresaw: a document for an admin, whatever is in it."""

import json
from collections.abc import Mapping


def as_json(document: Mapping[str, object]) -> bytes:
    """The document as far as it can be written; an entry that cannot says why."""
    try:
        return json.dumps(document, default=str, indent=1).encode()
    except (ValueError, RecursionError):
        return json.dumps({name: _writable(entry) for name, entry in document.items()}, default=str, indent=1).encode()


def _writable(entry: object) -> object:
    try:
        json.dumps(entry, default=str, indent=1)
    except (ValueError, RecursionError) as error:
        return f"cannot be written: {type(error).__name__}"
    return entry
