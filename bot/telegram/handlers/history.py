"""/history: the latest results, one card at a time."""

from dataclasses import replace

from aiogram import Bot, Router
from aiogram.types import CallbackQuery, Message

from bot.telegram.button_data import HistoryButton, number_in
from bot.telegram.handlers.personal import asked_for, in_private
from bot.telegram.history_cards import Card, HistoryCards
from bot.telegram.identity import user_key
from bot.telegram.replies import Replies
from bot.telegram.wording import text


def add_handlers(router: Router) -> None:
    """The command, and turning over."""
    router.message.register(show_newest, in_private, asked_for("history"))
    router.callback_query.register(turn_to, HistoryButton.filter())


async def show_newest(message: Message, bot: Bot, cards: HistoryCards, replies: Replies, locale: str) -> None:
    """The first card."""
    card = await cards.find(user_key(message.from_user))
    if card is None:
        return replies.reply(message, text("history_empty", locale))
    return replies.say(cards.show(bot, _spoken(card, locale), chat=message))


async def turn_to(
    query: CallbackQuery, callback_data: HistoryButton, bot: Bot, cards: HistoryCards, replies: Replies, locale: str
) -> None:
    """Another card in the same message."""
    card = await cards.find(user_key(query.from_user), callback_data.job_id, number_in(callback_data.number))
    if card is None or not isinstance(query.message, Message):
        return replies.answer(query, text("history_empty", locale))
    replies.answer(query)
    return replies.say(cards.show(bot, _spoken(card, locale), chat=query.message, instead_of=query.message))


def _spoken(card: Card, locale: str) -> Card:
    """With the words in the person's language, whatever it was then."""
    return replace(card, job=replace(card.job, origin=replace(card.job.origin, locale=locale)))
