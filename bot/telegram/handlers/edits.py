"""A caption that is changed after sending: it still counts while the job has not begun."""

from collections.abc import Mapping
from contextlib import suppress

from aiogram import Bot, F, Router
from aiogram.types import Message

from bot.jobs.errors import NoSuchJobError
from bot.jobs.service import JobService
from bot.telegram.addressing import without_mention
from bot.telegram.captions import wish_of
from bot.telegram.identity import album_id_for, author_key, job_id_for, plain
from bot.telegram.rules import ChatRules
from replicate_gateway.presets import Preset
from storage.draft_events import PresetChosen, PromptGiven


def add_handlers(router: Router) -> None:
    """Changed captions; a changed text was an answer, and has been taken."""
    router.edited_message.register(update_wish, F.caption)


async def update_wish(
    message: Message, bot: Bot, jobs: JobService, rules: ChatRules, presets: Mapping[str, Preset]
) -> None:
    """Nothing is said: where it comes in time the job's question follows it."""
    user = author_key(message)
    job_id = album_id_for(message, rules) if message.media_group_id else job_id_for(message, rules)
    wish = wish_of(plain(await without_mention(message, bot)), presets)
    with suppress(NoSuchJobError):
        if wish.preset:
            await jobs.answer(job_id, user, PresetChosen(wish.preset))
        if wish.prompt:
            await jobs.answer(job_id, user, PromptGiven(wish.prompt))
