"""What end-to-end tests look at when a fault has passed: the chat, the records on disk, the predictions made."""

import json
import os
from pathlib import Path
from random import Random
from typing import Any

from bot.app import Overrides
from mock_server.telegram.actors import User
from mock_server.telegram.chats import Message
from tests.support import pictures
from tests.support.waiting import eventually

# Small, so that painting and decoding take next to nothing.
PHOTO = pictures.jpeg(160, 120)
TERMINAL = ("completed", "failed", "canceled")


class Impatient(Random):
    """Jitter that picks a wait near the lower end: back-off without waiting for it."""

    def random(self) -> float:
        return 0.02


def impatient() -> Overrides:
    """The bot with short back-off; waits that an outside party asked for stay as they are."""
    return Overrides(random=Impatient())


def stored(data_dir: Path, prefix: str) -> list[str]:
    """The names of the objects below a prefix of the file storage."""
    # os.walk does not mind folders that vanish under it
    return sorted(name for _, _, names in os.walk(data_dir / prefix) for name in names)


def records(data_dir: Path) -> list[dict[str, Any]]:
    """All job records, oldest first."""
    found = [json.loads(path.read_text()) for path in (data_dir / "jobs").iterdir()]
    return sorted(found, key=lambda record: record["created_at"])


def record(data_dir: Path) -> dict[str, Any]:
    """The only job record."""
    (only,) = records(data_dir)
    return only


async def all_closed(data_dir: Path, within: float = 20) -> None:
    """Wait until there are jobs and none of them is open any more."""

    def closed() -> bool:
        # A marker may be written after its record, so its absence alone says nothing.
        ended = stored(data_dir, "jobs") and all(r.get("status") in TERMINAL for r in records(data_dir))
        return bool(ended) and not stored(data_dir, "open")

    await eventually(closed, within=within, because="all jobs are closed")


async def delivered_once(person: User, data_dir: Path, within: float = 20) -> Message:
    """Wait for the end of all jobs; the person then sees one picture, was pinged once, and nothing else is left."""
    await person.until(lambda: any(m.photo for m in person.bot_messages), "result", within)
    await all_closed(data_dir, within)
    (result,) = person.bot_messages
    assert result.photo, person.transcript()
    assert person.pings == 1, person.transcript()
    assert not any(is_cancel(button) for button in result.buttons())  # it is not the status message any more
    return result


def is_cancel(button: dict[str, Any]) -> bool:
    """Whether this is the button of a job that is still under way."""
    return ":cancel:" in button.get("callback_data", "")


async def ended_with(person: User, data_dir: Path, words: str, within: float = 20) -> Message:
    """Wait for the end of all jobs; the person then sees one sentence that has `words` in it."""
    await person.until(lambda: any(words in m.all_text for m in person.bot_messages), f"message with {words!r}", within)
    await all_closed(data_dir, within)
    (answer,) = person.bot_messages
    assert words in answer.all_text, person.transcript()
    assert not answer.photo
    return answer
