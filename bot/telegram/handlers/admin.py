"""Commands of the admins. To everybody else they are commands that do not exist."""

import re
from dataclasses import replace

from aiogram import Bot, Router
from aiogram.exceptions import AiogramError
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot.jobs.service import JobService
from bot.telegram.admin_queries import AdminQueries
from bot.telegram.admin_texts import health_text, job_text, stats_text
from bot.telegram.command_names import ADMIN
from bot.telegram.identity import user_key_of
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
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


async def status(message: Message, bot: Bot, queries: AdminQueries, replies: Replies, locale: str) -> None:
    """Everything at a glance; Telegram is asked for what it thinks of our webhook."""
    health = await queries.health()

    async def tell() -> None:
        try:
            webhook = await bot.get_webhook_info()
        except AiogramError:
            webhook = None
        replies.reply(message, health_text(health, webhook, queries, locale))

    replies.later(tell(), name="status")


async def stats(message: Message, queries: AdminQueries, replies: Replies, locale: str) -> None:
    """Day and week, as far as this process remembers."""
    replies.reply(message, stats_text(queries, locale))


async def job(message: Message, code: str, queries: AdminQueries, replies: Replies, locale: str) -> None:
    """What a person quoted, or an alert named."""
    found = await queries.jobs_with_code(code)
    words = [job_text(one, queries, locale) for one in found] or [text("admin_no_job", locale, code=code)]
    for one in words:
        replies.reply(message, one)


async def ban(message: Message, user_id: int, people: People, jobs: JobService, replies: Replies, locale: str) -> None:
    """Shut somebody out, and stop what they have running in any chat."""
    user = user_key_of(user_id)
    await people.change(user, lambda person: replace(person, banned=True))
    stopped = await jobs.cancel_all(user, user_id, elsewhere=True)  # the private chat has the person's id
    replies.reply(message, text("admin_banned", locale, user=user, count=stopped))


async def unban(message: Message, user_id: int, people: People, replies: Replies, locale: str) -> None:
    """Let somebody in again."""
    user = user_key_of(user_id)
    await people.change(user, lambda person: replace(person, banned=False))
    replies.reply(message, text("admin_unbanned", locale, user=user))


async def limit(
    message: Message, user_id: int, daily: int | None, people: People, rules: ChatRules, replies: Replies, locale: str
) -> None:
    """A person's own number of photos a day."""
    user = user_key_of(user_id)
    await people.change(user, lambda person: replace(person, daily_jobs=daily))
    count = rules.daily_jobs if daily is None else daily
    replies.reply(message, text("admin_limited", locale, user=user, count=count))


async def pause(message: Message, queries: AdminQueries, replies: Replies, locale: str) -> None:
    """New jobs wait."""
    await queries.pause.switch(on=True)
    replies.reply(message, text("admin_paused", locale))


async def resume(message: Message, queries: AdminQueries, jobs: JobService, replies: Replies, locale: str) -> None:
    """They go on."""
    await queries.pause.switch(on=False)
    await jobs.nudge_all()
    replies.reply(message, text("admin_resumed", locale))


async def usage(message: Message, replies: Replies, locale: str) -> None:
    """A command whose words we do not understand."""
    replies.reply(message, text("admin_usage", locale))


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
