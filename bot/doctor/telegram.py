"""Telegram: whose token it is, and where updates go. Plain HTTP, because the framework takes seconds to import.

https://core.telegram.org/bots/api#getme, https://core.telegram.org/bots/api#getwebhookinfo
"""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bot.addresses import host_of
from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part
from bot.http_probe import NotReachedError, ask
from bot.operator_errors.token import diagnose_token
from bot.settings import Settings
from bot.telegram.routes import PATH

TELEGRAM, WEBHOOK = Part("telegram"), Part("webhook")

# An error that is older was followed by deliveries that went well, or by silence.
_RECENT_S = 3600
# So many waiting updates are not just those of this moment.
_MANY_PENDING = 100
_TOKEN_REFUSED = frozenset({401, 404})


class BotApiRefusedError(Exception):
    """The Bot API said no; the text is its description."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


class NotABotApiError(Exception):
    """What answers speaks another language."""


async def check_telegram(context: Context) -> Finding:
    """Whether the token opens a bot."""
    settings = context.settings
    host = host_of(settings.telegram_api_url)
    try:
        bot = await _call(context, "getMe")
    except NotReachedError as error:
        fix = "let this machine reach it, or correct TELEGRAM_API_URL"
        return TELEGRAM.failed(f"{host} cannot be reached: {error}", fix)
    except NotABotApiError:
        return TELEGRAM.failed(f"what answers at {host} is not a Bot API server", "correct TELEGRAM_API_URL")
    except BotApiRefusedError as error:
        if error.status in _TOKEN_REFUSED:
            return TELEGRAM.failed(*diagnose_token(host, f"{error.status} {error}"))
        return TELEGRAM.failed(f"{host} answers {error.status} {error}", "try again in a minute")
    return TELEGRAM.ok(f"the token opens @{bot.get('username')} at {host}")


async def check_webhook(context: Context) -> Finding:
    """Whether updates come to this bot."""
    try:
        info = await _call(context, "getWebhookInfo")
    except (NotReachedError, NotABotApiError, BotApiRefusedError) as error:
        return WEBHOOK.failed(f"its state is not told: {error}", "try again in a minute")
    return judge_webhook(context.settings, info, time.time())


def judge_webhook(settings: Settings, info: Mapping[str, Any], now: float) -> Finding:
    """What a `WebhookInfo` means for this bot at `now` (Unix time)."""
    url, pending = str(info.get("url") or ""), info.get("pending_update_count", 0)
    ours = f"{settings.base_url}{PATH}" if settings.base_url else ""
    trouble = _last_error(info, now)
    if url != ours and url:
        return _foreign(settings, url, pending, trouble)
    if not url:
        how = "not set yet; the bot sets it when it starts" if ours else "none, as it should be: updates are polled"
        return WEBHOOK.ok(f"{how} ({pending} updates wait)")
    if trouble:
        fix = "run the bot and let BASE_URL lead to it; Telegram repeats what it could not deliver for a day"
        return WEBHOOK.warning(f"set to this bot, but {trouble}; {pending} updates wait", fix)
    if isinstance(pending, int) and pending > _MANY_PENDING:
        return WEBHOOK.warning(f"{pending} updates wait to be delivered", "run the bot, or look why it answers slowly")
    return WEBHOOK.ok(f"set to this bot ({pending} updates wait)")


def _foreign(settings: Settings, url: str, pending: object, trouble: str) -> Finding:
    """A path may be secret, so only the host is shown."""
    host = urlsplit(url).hostname or "an unreadable URL"
    where = f"another path of {host}" if settings.base_url and host == urlsplit(settings.base_url).hostname else host
    error = f": {trouble}" if trouble else ""
    if settings.base_url is None:
        what = f"one is left over that leads to {where}, while this bot would poll{error}; {pending} updates wait"
    else:
        what = f"leads to {where}, not to this bot{error}; {pending} updates wait"
    return WEBHOOK.warning(
        what, "start this bot, which takes it over; if another program still uses BOT_TOKEN, stop that one first"
    )


def _last_error(info: Mapping[str, Any], now: float) -> str:
    at, message = info.get("last_error_date"), info.get("last_error_message")
    if not message or not isinstance(at, int | float) or now - at > _RECENT_S:
        return ""
    return f'{max(0, now - at) / 60:.0f} min ago a delivery failed with "{str(message)[:200]}"'


async def _call(context: Context, method: str) -> Mapping[str, Any]:
    """The result of a Bot API method.

    Raises:
        NotReachedError, NotABotApiError, BotApiRefusedError: there is none.
    """
    settings = context.settings
    token = settings.bot_token.get_secret_value() if settings.bot_token else ""
    answer = await ask(context.http, f"{settings.telegram_api_url}/bot{token}/{method}")
    document = answer.document()
    if document is None or not isinstance(document.get("ok"), bool):
        raise NotABotApiError("the answer is not the Bot API's")
    if not document["ok"]:
        raise BotApiRefusedError(answer.status, str(document.get("description", ""))[:200])
    result = document.get("result")
    if not isinstance(result, dict):
        raise NotABotApiError("the answer has no result")
    return result
