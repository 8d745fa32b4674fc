"""Help: three short screens instead of a wall of text."""

from collections.abc import Mapping

from aiogram import F, Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.telegram.button_data import MenuButton
from bot.telegram.double_taps import DoubleTaps
from bot.telegram.handlers.feedback import feedback_button
from bot.telegram.handlers.personal import asked_for, in_private
from bot.telegram.keyboards import button, keyboard
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.wording import text
from replicate_gateway.presets import Preset

_BUTTONS = {"sending": "help_sending_button", "tools": "help_tools_button", "more": "help_more_button"}


def add_handlers(router: Router) -> None:
    """/help and its buttons."""
    router.message.register(help_, in_private, asked_for("help"))
    router.callback_query.register(turn_to, MenuButton.filter(F.screen == "help"))
    router.callback_query.register(explain, MenuButton.filter(F.screen == "how_to"))


def how_to_keyboard(locale: str) -> InlineKeyboardMarkup:
    """The way into the help."""
    return keyboard([button(text("how_to", locale), MenuButton(screen="help", arg="sending").pack())])


async def help_(
    message: Message, rules: ChatRules, presets: Mapping[str, Preset], replies: Replies, locale: str
) -> None:
    """The first screen."""
    screen = "sending"
    replies.reply(message, _words(screen, rules, presets, locale), _keyboard(screen, rules, locale))


async def turn_to(
    query: CallbackQuery,
    callback_data: MenuButton,
    rules: ChatRules,
    presets: Mapping[str, Preset],
    replies: Replies,
    locale: str,
) -> None:
    """Another screen in the same message."""
    screen = callback_data.arg if callback_data.arg in _BUTTONS else "sending"
    replies.answer(query)
    replies.rewrite(query, _words(screen, rules, presets, locale), _keyboard(screen, rules, locale))


async def explain(
    query: CallbackQuery,
    rules: ChatRules,
    presets: Mapping[str, Preset],
    double_taps: DoubleTaps,
    replies: Replies,
    locale: str,
) -> None:
    """The first screen beside the reason why a photo could not be used, which stays; once for a finger that slipped."""
    replies.answer(query)
    if isinstance(query.message, Message) and await double_taps.first_press(query) == query.id:
        await help_(query.message, rules, presets, replies, locale)


def _words(screen: str, rules: ChatRules, presets: Mapping[str, Preset], locale: str) -> str:
    match screen:
        case "tools":
            tools = "\n".join(f"/{preset.name} · {preset.label(locale)}" for preset in presets.values())
            return text("help_tools", locale, tools=tools)
        case "more":
            return text("help_more", locale, n=rules.daily_jobs)
        case _:
            return text("help_sending", locale, max_mb=rules.max_image_mb)


def _keyboard(shown: str, rules: ChatRules, locale: str) -> InlineKeyboardMarkup:
    """The other screens; and the admins, where there are any."""
    screens = [
        button(text(label, locale), MenuButton(screen="help", arg=screen).pack())
        for screen, label in _BUTTONS.items()
        if screen != shown
    ]
    return keyboard(screens, [feedback_button(locale)] if rules.admin_ids else [])
