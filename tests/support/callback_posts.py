"""Posts to the webhook doors that neither Telegram nor Replicate would make; signs on its own where asked to."""

import base64
import hashlib
import hmac
import io
import json
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.settings import Settings
from tests.support.darkroom import World

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


async def post(url: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
    """One POST of raw bytes (or chunks of them), on a connection of its own."""
    body = io.BytesIO(body) if isinstance(body, bytes) else body
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return Answer(answer.status, dict(answer.headers), await answer.read())


def signed(world: World, body: bytes, *, webhook_id: str = "msg_test", age_s: float = 0) -> dict[str, str]:
    """The headers of a genuine delivery (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec)."""
    key = base64.b64decode(world.replicate.webhook_secret.removeprefix("whsec_"))
    timestamp = str(int(time.time() - age_s))
    digest = hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


async def call_back(world: World, url: str, document: Any) -> Answer:
    """A genuine delivery of any document."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return await post(url, body, signed(world, body))


def telegram_door(settings: Settings) -> str:
    return f"{settings.base_url}/webhook/telegram"


def replicate_door(settings: Settings, query: str = "") -> str:
    return f"{settings.base_url}/webhook/replicate{query}"


def secret(settings: Settings) -> dict[str, str]:
    """The header that Telegram would send."""
    return {SECRET_HEADER: settings.telegram_secret_token.get_secret_value()}


async def update(settings: Settings, document: Any) -> Answer:
    """An update as from Telegram, any document."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return await post(telegram_door(settings), body, secret(settings))
