"""Feedback: one text to the admins, and their answer back. Whom an answer is for stands in a button, not in memory."""

from dataclasses import replace
from datetime import timedelta

import structlog
from aiogram import Bot, F, Router
from aiogram.exceptions import AiogramError
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message, ReplyParameters

from bot.jobs.ports.clock import Clock
from bot.telegram.button_data import FeedbackButton, MenuButton
from bot.telegram.handlers.admin import by_admin
from bot.telegram.handlers.personal import in_private
from bot.telegram.identity import plain, user_key, user_key_of
from bot.telegram.keyboards import button, keyboard
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.wording import text
from storage.people import People
from storage.person import Person

# How long the next text is taken for feedback.
_WITHIN = timedelta(minutes=15)
_MAX_CHARS = 3000  # of Telegram's 4096, beside a name
_PASSED_ON = "👍"

_log = structlog.get_logger()


def add_handlers(router: Router) -> None:
    """The button, the text that follows it, and the admins' replies."""
    router.callback_query.register(ask, MenuButton.filter(F.screen == "feedback"))
    router.callback_query.register(call_off, MenuButton.filter(F.screen == "no_feedback"))
    router.callback_query.register(explain, FeedbackButton.filter())
    words = F.text & ~F.text.startswith("/")
    router.message.register(send_answer, words, by_admin, replied_feedback)
    router.message.register(take, words, in_private, expected)


def feedback_button(locale: str) -> InlineKeyboardButton:
    """The way to the admins."""
    return button(text("feedback", locale), MenuButton(screen="feedback").pack())


async def expected(_: Message, person: Person, clock: Clock) -> bool:
    """A filter: whether the person has said that they are going to write to the admins."""
    return person.feedback_until is not None and clock.now() < person.feedback_until


async def replied_feedback(message: Message, rules: ChatRules) -> dict[str, FeedbackButton] | bool:
    """A filter that hands on whom an admin's reply is for."""
    replied = message.reply_to_message
    if not (replied and replied.reply_markup and replied.from_user and replied.from_user.id == rules.bot_id):
        return False
    for one in (one for row in replied.reply_markup.inline_keyboard for one in row):
        try:
            return {"asked": FeedbackButton.unpack(one.callback_data or "")}
        except (TypeError, ValueError):
            continue
    return False


async def ask(query: CallbackQuery, people: People, clock: Clock, replies: Replies, locale: str) -> None:
    """From now on the next text is for the admins."""
    until = clock.now() + _WITHIN
    await people.change(user_key(query.from_user), lambda person: replace(person, feedback_until=until))
    replies.answer(query)
    if query.message:
        no = button(text("cancel", locale), MenuButton(screen="no_feedback").pack())
        replies.say(query.message.answer(text("feedback_ask", locale), reply_markup=keyboard([no])).as_(query.bot))


async def call_off(query: CallbackQuery, people: People, replies: Replies, locale: str) -> None:
    """Second thoughts."""
    await people.change(user_key(query.from_user), _having_written)
    replies.answer(query)
    replies.rewrite(query, text("feedback_called_off", locale))


async def take(message: Message, bot: Bot, people: People, rules: ChatRules, replies: Replies, locale: str) -> None:
    """To every admin; the person is told whether any of them has got it."""
    await people.change(user_key(message.from_user), _having_written)

    async def pass_on() -> None:
        reached = [await _reaches(bot, admin_id, message, rules, locale) for admin_id in rules.admin_ids]
        replies.reply(message, text("feedback_sent" if any(reached) else "feedback_not_sent", locale))

    replies.later(pass_on(), name="feedback")


async def send_answer(
    message: Message, asked: FeedbackButton, bot: Bot, people: People, replies: Replies, locale: str
) -> None:
    """Back to who had written, in their language; the admin sees whether it has got there."""
    theirs = (await people.load(user_key_of(asked.user))).locale or asked.locale

    async def pass_on() -> None:
        try:
            await bot.send_message(
                asked.user,
                text("feedback_answer", theirs, words=plain(message.text)[:_MAX_CHARS]),
                reply_parameters=ReplyParameters(message_id=asked.message, allow_sending_without_reply=True),
                reply_markup=keyboard([feedback_button(theirs)]),
            )
        except AiogramError as error:
            _log.warning("feedback_not_passed_on", to="person", error=type(error).__name__)
            replies.reply(message, text("feedback_answer_not_sent", locale))
        else:
            replies.react(message, _PASSED_ON)

    replies.later(pass_on(), name="answer to feedback")


async def explain(query: CallbackQuery, replies: Replies, locale: str) -> None:
    """The button is there to be replied to."""
    replies.answer(query, text("feedback_how_to_answer", locale))


async def _reaches(bot: Bot, admin_id: int, message: Message, rules: ChatRules, locale: str) -> bool:
    sender = message.from_user
    if sender is None:
        return False
    name = " ".join(filter(None, [*sender.full_name.split(), f"@{sender.username}" if sender.username else None]))
    data = FeedbackButton(user=sender.id, message=message.message_id, locale=locale)
    language = rules.default_locale
    try:
        await bot.send_message(
            admin_id,
            text("feedback_from", language, name=name, user=user_key(sender), words=plain(message.text)[:_MAX_CHARS]),
            reply_markup=keyboard([button(text("feedback_reply", language), data.pack())]),
        )
    except AiogramError as error:
        _log.warning("feedback_not_passed_on", to="admin", error=type(error).__name__)
        return False
    return True


def _having_written(person: Person) -> Person:
    return replace(person, feedback_until=None)
