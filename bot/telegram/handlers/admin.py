"""Commands of the admins. To everybody else they are commands that do not exist."""

import re
from dataclasses import replace

from aiogram import Bot, Router
from aiogram.exceptions import AiogramError
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot.jobs.service import JobService
from bot.telegram.admin_texts import health_text, job_text, stats_text
from bot.telegram.command_names import ADMIN
from bot.telegram.identity import user_key_of
from bot.telegram.office import Office
from bot.telegram.rules import ChatRules
from bot.telegram.talk import Talk
from bot.telegram.wording import text
from storage.people import People

_CODE = re.compile(r"[0-9a-f]{4,8}(?:-[0-9a-f-]{1,27})?")
_USER = re.compile(r"(?:tg-)?(-?[0-9]{1,16})")
_MAX_DAILY = 1_000_000


def add_handlers(router: Router) -> None:
    """One handler per command, then the usage for whatever does not fit."""
    on = router.message
    on.register(status, Command("status"), by_admin)
    on.register(stats, Command("stats"), by_admin)
    on.register(job, Command("job"), by_admin, _with_code)
    on.register(ban, Command("ban"), by_admin, _with_user)
    on.register(unban, Command("unban"), by_admin, _with_user)
    on.register(limit, Command("limit"), by_admin, _with_limit)
    on.register(pause, Command("pause"), by_admin)
    on.register(resume, Command("resume"), by_admin)
    on.register(usage, Command(*ADMIN), by_admin)


async def by_admin(message: Message, rules: ChatRules) -> bool:
    """A filter."""
    return message.from_user is not None and message.from_user.id in rules.admin_ids


async def status(message: Message, bot: Bot, office: Office, talk: Talk, locale: str) -> None:
    """Everything at a glance; Telegram is asked for what it thinks of our webhook."""
    health = await office.health()

    async def tell() -> None:
        try:
            webhook = await bot.get_webhook_info()
        except AiogramError:
            webhook = None
        talk.reply(message, health_text(health, webhook, office, locale))

    talk.later(tell(), name="status")


async def stats(message: Message, office: Office, talk: Talk, locale: str) -> None:
    """Day and week, as far as this process remembers."""
    talk.reply(message, stats_text(office, locale))


async def job(message: Message, code: str, office: Office, talk: Talk, locale: str) -> None:
    """What a person quoted, or an alert named."""
    found = await office.jobs_with_code(code)
    words = [job_text(one, office, locale) for one in found] or [text("admin_no_job", locale, code=code)]
    for one in words:
        talk.reply(message, one)


async def ban(message: Message, user_id: int, people: People, jobs: JobService, talk: Talk, locale: str) -> None:
    """Shut somebody out, and stop what they have running in any chat."""
    user = user_key_of(user_id)
    await people.change(user, lambda person: replace(person, banned=True))
    stopped = await jobs.cancel_all(user, user_id, elsewhere=True)  # the private chat has the person's id
    talk.reply(message, text("admin_banned", locale, user=user, count=stopped))


async def unban(message: Message, user_id: int, people: People, talk: Talk, locale: str) -> None:
    """Let somebody in again."""
    user = user_key_of(user_id)
    await people.change(user, lambda person: replace(person, banned=False))
    talk.reply(message, text("admin_unbanned", locale, user=user))


async def limit(
    message: Message, user_id: int, daily: int | None, people: People, rules: ChatRules, talk: Talk, locale: str
) -> None:
    """A person's own number of photos a day."""
    user = user_key_of(user_id)
    await people.change(user, lambda person: replace(person, daily_jobs=daily))
    count = rules.daily_jobs if daily is None else daily
    talk.reply(message, text("admin_limited", locale, user=user, count=count))


async def pause(message: Message, office: Office, talk: Talk, locale: str) -> None:
    """New jobs wait."""
    await office.pause.switch(on=True)
    talk.reply(message, text("admin_paused", locale))


async def resume(message: Message, office: Office, jobs: JobService, talk: Talk, locale: str) -> None:
    """They go on."""
    await office.pause.switch(on=False)
    await jobs.nudge_all()
    talk.reply(message, text("admin_resumed", locale))


async def usage(message: Message, talk: Talk, locale: str) -> None:
    """A command whose words we do not understand."""
    talk.reply(message, text("admin_usage", locale))


async def _with_code(_: Message, command: CommandObject) -> dict[str, str] | bool:
    code = (command.args or "").strip().lower()
    return {"code": code} if _CODE.fullmatch(code) else False


async def _with_user(_: Message, command: CommandObject) -> dict[str, int] | bool:
    found = _USER.fullmatch((command.args or "").strip())
    return {"user_id": int(found[1])} if found else False


async def _with_limit(_: Message, command: CommandObject) -> dict[str, int | None] | bool:
    words = (command.args or "").split()
    found = _USER.fullmatch(words[0]) if len(words) == 2 else None
    if not found or not (words[1].isdecimal() or words[1] == "-"):
        return False
    return {"user_id": int(found[1]), "daily": None if words[1] == "-" else min(int(words[1]), _MAX_DAILY)}
