"""People in an emulator that runs elsewhere: the same verbs as `actors.py`, over HTTP.

async with connect("http://127.0.0.1:8080") as telegram:
anna = await telegram.add_user("Anna", language_code="en")
await anna.send_photo("old.jpg", caption="please restore")
result = await anna.expect(photo=True, within=30)
"""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import aiohttp

from mock_server.telegram.config import FloodMode
from mock_server.telegram.mirror import Mirror
from mock_server.telegram.remote_user import RemoteUser

_CALL_TIMEOUT_S = 60.0
_LONGEST_EVENT_BYTES = 1024 * 1024


@contextlib.asynccontextmanager
async def connect(base_url: str) -> AsyncIterator["EmulatorClient"]:
    """Talk to the emulator at `base_url`, such as the address of the sandbox's chat page.

    Raises: aiohttp.ClientError when nobody answers there.
    """
    timeout = aiohttp.ClientTimeout(total=_CALL_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, read_bufsize=_LONGEST_EVENT_BYTES) as session:
        mirror = Mirror(session, base_url.rstrip("/"))
        async with mirror.following():
            yield EmulatorClient(mirror)


class EmulatorClient:
    """Everything outside the Bot API that can be done to one emulator. Made by `connect`."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    @property
    def closed(self) -> bool:
        """Whether the emulator has gone; nothing that is waited for will come any more."""
        return self._mirror.closed

    async def users(self) -> list[RemoteUser]:
        """Give all people."""
        return [RemoteUser(self._mirror, user["id"], user["id"]) for user in await self._people()]

    async def add_user(
        self, first_name: str = "Anna", language_code: str = "en", *, user_id: int | None = None, username: str = ""
    ) -> RemoteUser:
        """Create a person; their private chat with the bot has the same id."""
        wanted = {"first_name": first_name, "language_code": language_code, "user_id": user_id, "username": username}
        made = await self._mirror.call("POST", "users", json=wanted)
        await self._mirror.read_chats()
        return RemoteUser(self._mirror, made["id"], made["id"])

    async def add_group(
        self, title: str, members: Iterable[RemoteUser], admins: Iterable[RemoteUser] = ()
    ) -> Mapping[str, Any]:
        """Create a group of people and the bot; act in it through `user.in_chat(group)`."""
        ids = {"member_ids": [user.id for user in members], "admin_ids": [user.id for user in admins]}
        made: Mapping[str, Any] = await self._mirror.call("POST", "groups", json={"title": title, **ids})
        await self._mirror.read_chats()
        return made

    async def fail(self, method: str = "*", **fault: Any) -> Mapping[str, Any]:
        """Arm a failure for the next calls of a method; the fields are those of `faults.Fault`."""
        armed: Mapping[str, Any] = await self._mirror.call("POST", "faults", json={"method": method, **fault})
        return armed

    async def set_flood(self, mode: FloodMode) -> None:
        """Switch flood limits: "off", "real" or "harsh"."""
        await self._mirror.call("PUT", "flood", json={"mode": mode})

    async def deliver_again(self, update_id: int) -> None:
        """Deliver a recent update once more, as Telegram does when an answer gets lost."""
        await self._mirror.call("POST", f"updates/{update_id}/again")

    async def restart_bot(self, pause_s: float = 0.0) -> None:
        """Stop the bot in an orderly way and start it again after `pause_s` seconds; returns at once."""
        await self._mirror.call("POST", "bot/restart", json={"pause_s": pause_s})

    async def journal(self, after: int = 0) -> list[dict[str, Any]]:
        """Give Bot API calls and deliveries, oldest first, or those after number `after`."""
        records: list[dict[str, Any]] = await self._mirror.call("GET", "journal", params={"after": after})
        return records

    async def _people(self) -> list[dict[str, Any]]:
        people: list[dict[str, Any]] = (await self._mirror.call("GET", "state"))["users"]
        return people
