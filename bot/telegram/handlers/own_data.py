"""What is kept, and the way to have all of it deleted: two taps, since nothing brings it back."""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.jobs.erasure import PersonErasure
from bot.telegram.button_data import MenuButton
from bot.telegram.handlers.personal import asked_for, in_private
from bot.telegram.identity import user_key
from bot.telegram.keyboards import button, keyboard
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.wording import text


def add_handlers(router: Router) -> None:
    """/privacy and /delete_me."""
    router.message.register(privacy, in_private, asked_for("privacy"))
    router.message.register(ask, in_private, Command("delete_me"))
    router.callback_query.register(delete, MenuButton.filter(F.screen == "delete_me"))
    router.callback_query.register(keep, MenuButton.filter(F.screen == "keep_me"))


async def privacy(message: Message, rules: ChatRules, replies: Replies, locale: str) -> None:
    """In plain words."""
    replies.reply(message, text("privacy", locale, keep=rules.keep))


async def ask(message: Message, replies: Replies, locale: str) -> None:
    """The first tap."""
    buttons = keyboard(
        [button(text("delete_everything", locale), MenuButton(screen="delete_me").pack(), "danger")],
        [button(text("keep_it", locale), MenuButton(screen="keep_me").pack())],
    )
    replies.reply(message, text("delete_me_ask", locale), buttons)


async def delete(query: CallbackQuery, person_erasure: PersonErasure, replies: Replies, locale: str) -> None:
    """The second tap. Done before it is answered: if the process dies, Telegram delivers the press again."""
    erased = await person_erasure.erase(user_key(query.from_user))
    words = text("delete_me_done", locale, n=erased.objects)
    if erased.stopping:
        words += "\n" + text("delete_me_stopping", locale, n=erased.stopping)
    replies.answer(query)
    replies.rewrite(query, words)


async def keep(query: CallbackQuery, replies: Replies, locale: str) -> None:
    """Second thoughts."""
    replies.answer(query)
    replies.rewrite(query, text("kept", locale))
