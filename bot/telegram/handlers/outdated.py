"""Buttons that this version does not know: of an older one, or made up. Never silence, but a fresh menu."""

from aiogram import F, Router
from aiogram.types import CallbackQuery

from bot.telegram.button_data import JobButton
from bot.telegram.handlers.own_job import nothing_to_use
from bot.telegram.handlers.start import menu_keyboard
from bot.telegram.replies import Replies
from bot.telegram.wording import text

_ACTIONS = frozenset(
    {
        *("preset", "album", "first", "start"),
        *("compare", "file", "more", "do", "result", "back", "bin", "delete"),
        *("again", "vary", "tools", "with", "shrink", "report", "remind"),
    }
)


def add_handlers(router: Router) -> None:
    """All presses that nobody has taken."""
    router.callback_query.register(job_is_gone, JobButton.filter(F.action.in_(_ACTIONS)))
    router.callback_query.register(answer)


async def job_is_gone(query: CallbackQuery, replies: Replies, locale: str) -> None:
    """A button of this version, about a job that this person does not have (any more)."""
    replies.answer(query, text(nothing_to_use(query), locale))


async def answer(query: CallbackQuery, replies: Replies, locale: str) -> None:
    """In a group the toast has to do: the menu would be for one and read by all."""
    replies.answer(query, text("old_button", locale))
    if query.message and query.message.chat.type == "private":
        replies.say(query.message.answer(text("menu", locale), reply_markup=menu_keyboard(locale)).as_(query.bot))
