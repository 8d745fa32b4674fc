"""A person's settings: one message, a button per choice; each button says what shall be."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from aiogram import F, Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.telegram.button_data import MenuButton, SettingButton
from bot.telegram.handlers.personal import asked_for, in_private
from bot.telegram.identity import user_key
from bot.telegram.keyboards import button, in_rows, keyboard
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.wording import language_name, text
from replicate_gateway.presets import Preset
from storage.people import People
from storage.person import MAX_VARIATIONS, Person
from storage.wishes import Delivery

_DELIVERY = {Delivery.PHOTO: "delivery_photo", Delivery.FILE: "delivery_file", Delivery.BOTH: "delivery_both"}


def add_handlers(router: Router) -> None:
    """/settings and everything that is pressed there, but for the language."""
    router.message.register(show_settings, in_private, asked_for("settings"))
    router.callback_query.register(open_settings, MenuButton.filter(F.screen == "settings"))
    router.callback_query.register(open_tools, MenuButton.filter(F.screen == "tools"))
    router.callback_query.register(close, MenuButton.filter(F.screen == "close"))
    router.callback_query.register(change, SettingButton.filter(F.name.in_(_CHANGES)))


async def show_settings(
    message: Message, rules: ChatRules, presets: Mapping[str, Preset], replies: Replies, person: Person, locale: str
) -> None:
    """All choices at a glance."""
    replies.reply(message, text("settings", locale), settings_keyboard(person, rules, presets, locale))


async def open_settings(
    query: CallbackQuery, rules: ChatRules, presets: Mapping[str, Preset], replies: Replies, person: Person, locale: str
) -> None:
    """The same from a button."""
    replies.answer(query)
    replies.rewrite(query, text("settings", locale), settings_keyboard(person, rules, presets, locale))


async def open_tools(
    query: CallbackQuery, rules: ChatRules, presets: Mapping[str, Preset], replies: Replies, person: Person, locale: str
) -> None:
    """Which tool takes a photo without words."""
    chosen = person.preset or rules.preset
    tools = [
        button(
            preset.label(locale),
            SettingButton(name="tool", value=preset.name).pack(),
            "primary" if preset.name == chosen else None,
        )
        for preset in presets.values()
    ]
    back = button(text("back", locale), MenuButton(screen="settings").pack())
    replies.answer(query)
    replies.rewrite(query, text("choose_tool", locale), keyboard(*in_rows(tools, 2), [back]))


async def change(
    query: CallbackQuery,
    callback_data: SettingButton,
    people: People,
    rules: ChatRules,
    presets: Mapping[str, Preset],
    replies: Replies,
    locale: str,
) -> None:
    """Remember the choice, then show it."""
    choose = _CHANGES[callback_data.name]
    person = await people.change(user_key(query.from_user), lambda person: choose(person, callback_data.value))
    replies.answer(query, text("saved", locale))
    replies.rewrite(query, text("settings", locale), settings_keyboard(person, rules, presets, locale))


async def close(query: CallbackQuery, replies: Replies) -> None:
    """The message is of no use any more."""
    replies.answer(query)
    if query.message:
        replies.take_back(query.message)


def settings_keyboard(
    person: Person, rules: ChatRules, presets: Mapping[str, Preset], locale: str
) -> InlineKeyboardMarkup:
    """A line per choice: what it is now on the label, what comes next in the data."""
    tool = presets.get(person.preset or "") or presets[rules.preset]
    deliveries = list(Delivery)
    next_delivery = deliveries[(deliveries.index(person.delivery) + 1) % len(deliveries)]
    ask = text("on" if person.ask_first else "off", locale)
    language = language_name(person.locale) if person.locale else text("language_of_app", locale)
    return keyboard(
        [button(text("setting_tool", locale, choice=tool.label(locale)), MenuButton(screen="tools").pack())],
        [
            button(
                text("setting_delivery", locale, choice=text(_DELIVERY[person.delivery], locale)),
                SettingButton(name="delivery", value=next_delivery).pack(),
            )
        ],
        [
            button(
                text("setting_ask", locale, choice=ask),
                SettingButton(name="ask", value="off" if person.ask_first else "on").pack(),
            )
        ],
        [
            button(
                text("setting_variations", locale, choice=person.variations),
                SettingButton(name="variations", value=str(person.variations % MAX_VARIATIONS + 1)).pack(),
            )
        ],
        [button(text("setting_language", locale, choice=language), MenuButton(screen="language").pack())],
        [button(text("close", locale), MenuButton(screen="close").pack())],
    )


def _with_delivery(person: Person, value: str) -> Person:
    return replace(person, delivery=Delivery(value)) if value in list(Delivery) else person


def _with_variations(person: Person, value: str) -> Person:
    return replace(person, variations=max(1, min(int(value), MAX_VARIATIONS))) if value.isdecimal() else person


# Values come from buttons, but anybody can make up a button: what makes no sense changes nothing.
_CHANGES: Mapping[str, Callable[[Person, str], Person]] = {
    "tool": lambda person, value: replace(person, preset=value),
    "delivery": _with_delivery,
    "ask": lambda person, value: replace(person, ask_first=value == "on"),
    "variations": _with_variations,
}
