"""The language that somebody wants to be spoken to in; their choice wins over their app's."""

from dataclasses import replace

from aiogram import F, Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.telegram.button_data import MenuButton, SettingButton
from bot.telegram.catalogues import locales
from bot.telegram.handlers.personal import asked_for, in_private
from bot.telegram.identity import user_key
from bot.telegram.keyboards import button, in_rows, keyboard
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.wording import language_name, text
from storage.people import People
from storage.person import Person

_OF_APP = "app"


def add_handlers(router: Router) -> None:
    """/language and its buttons."""
    router.message.register(show_languages, in_private, asked_for("language"))
    router.callback_query.register(open_languages, MenuButton.filter(F.screen == "language"))
    router.callback_query.register(
        choose, SettingButton.filter((F.name == "locale") & F.value.in_({_OF_APP, *locales()}))
    )


async def show_languages(message: Message, replies: Replies, person: Person, locale: str) -> None:
    """Each by its own name, so that nobody is lost in a language they cannot read."""
    replies.reply(message, text("choose_language", locale), _keyboard(person, locale))


async def open_languages(query: CallbackQuery, replies: Replies, person: Person, locale: str) -> None:
    """The same from a button."""
    replies.answer(query)
    replies.rewrite(query, text("choose_language", locale), _keyboard(person, locale))


async def choose(
    query: CallbackQuery, callback_data: SettingButton, people: People, rules: ChatRules, replies: Replies
) -> None:
    """From now on, running jobs included."""
    chosen = None if callback_data.value == _OF_APP else callback_data.value
    person = await people.change(user_key(query.from_user), lambda person: replace(person, locale=chosen))
    locale = chosen or rules.locale(query.from_user)
    replies.answer(query, text("saved", locale))
    replies.rewrite(query, text("choose_language", locale), _keyboard(person, locale))


def _keyboard(person: Person, locale: str) -> InlineKeyboardMarkup:
    languages = [
        button(
            language_name(one),
            SettingButton(name="locale", value=one).pack(),
            "primary" if one == person.locale else None,
        )
        for one in locales()
    ]
    as_app = button(
        text("language_of_app", locale),
        SettingButton(name="locale", value=_OF_APP).pack(),
        None if person.locale else "primary",
    )
    back = button(text("back", locale), MenuButton(screen="settings").pack())
    return keyboard(*in_rows(languages, 2), [as_app], [back])
