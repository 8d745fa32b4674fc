"""How one emulated Telegram behaves."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

FloodMode = Literal["off", "real", "harsh"]

FAKE_BOT_TOKEN = "4200000042:SANDBOX-token-opens-no-real-bot-000"  # noqa: S105 - fake on purpose, public
_FAKE_MARK = "SANDBOX"

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class TelegramEmulatorConfig:
    """Settings of the emulator; the defaults suit tests: quick, quiet, no flood limits.

    Attributes:
        port: 0 takes a free one.
        group_privacy: in groups the bot only gets what is meant for it (https://core.telegram.org/bots/features#privacy-mode).
        photo_boxes: sides in pixels of the squares that the sizes of a photo fit into, ascending; add 2560 for HD.
        album_gap_s: seconds between the members of an album a person sends (50-300 ms in real life).
        retry_delay_scale: multiplies every wait before a webhook is tried again; 0 retries at once.
        webhook_timeout_s: how long an answer of the webhook is awaited.
        max_stored_bytes: files above this total are forgotten, oldest first.
        max_messages_per_chat: older ones are forgotten.
        clock: seconds since 1970; decides dates, expiry and flood limits.

    """

    bot_token: str = FAKE_BOT_TOKEN
    bot_username: str = "darkroom_sandbox_bot"
    bot_first_name: str = "Darkroom"
    host: str = "127.0.0.1"
    port: int = 0
    flood: FloodMode = "off"
    group_privacy: bool = False
    photo_boxes: tuple[int, ...] = (90, 320, 800, 1280)
    album_gap_s: float = 0.0
    retry_delay_scale: float = 1.0
    webhook_timeout_s: float = 60.0
    max_stored_bytes: int = 1024 * 1024 * 1024
    max_messages_per_chat: int = 10_000
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        """Refuse to listen where strangers could reach the control surface, and to be given a real bot's token."""
        if self.host not in LOOPBACK_HOSTS:
            msg = f"host is {self.host!r}: the emulator listens on a loopback address only"
            raise ValueError(msg)
        if _FAKE_MARK not in self.bot_token:
            raise ValueError(f"bot_token has no {_FAKE_MARK!r} in it: tokens of real bots have no business here")

    @property
    def bot_id(self) -> int:
        """The bot's user id, which is the first half of its token."""
        return int(self.bot_token.partition(":")[0])
