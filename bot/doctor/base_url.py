"""Whether `BASE_URL` leads to this bot: by it come Telegram's updates and Replicate's callbacks."""

from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part
from bot.http_probe import NotReachedError, ask

BASE_URL = Part("base_url")

# What proxies and tunnels answer when there is nothing behind them.
_NOTHING_BEHIND = frozenset({502, 503, 504})


async def check_base_url(context: Context) -> Finding:
    """Whether `/healthz` below it is answered by the bot, or by the doctor in its place."""
    base_url, door = context.settings.base_url, context.door
    if base_url is None:
        return BASE_URL.ok("not set: updates and predictions are polled, which needs no public address")
    forward = f"let it lead to {context.own_origin} (tunnel, proxy, firewall)"
    try:
        answer = await ask(context.http, f"{base_url}/healthz")
    except NotReachedError as error:
        if door:
            return BASE_URL.warning(f"{base_url} does not lead to this machine: {error}", f"{forward}, or unset it")
        what = f"{base_url} does not answer ({error}); the bot may simply not run"
        return BASE_URL.warning(what, f"start the bot; if it runs, {forward}")
    document = answer.document() or {}
    if door and document.get("doctor") == door.word:
        return BASE_URL.ok(f"{base_url} leads to this machine")
    if answer.status == 200 and document.get("status") == "alive":
        return BASE_URL.ok(f"a bot answers at {base_url}")
    if answer.status in _NOTHING_BEHIND and not door:
        what = f"{base_url} answers {answer.status}: nothing is behind it; the bot may simply not run"
        return BASE_URL.warning(what, f"start the bot; if it runs, {forward}")
    return BASE_URL.warning(f"{base_url} leads to something else, which answers {answer.status}", forward)
