"""The first contact, and what links into the chat can ask for."""

from collections.abc import Mapping
from dataclasses import replace

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.telegram.button_data import MenuButton
from bot.telegram.handlers.personal import in_private
from bot.telegram.identity import user_key
from bot.telegram.keyboards import button, keyboard
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.sample import SamplePhoto
from bot.telegram.submissions import Submissions
from bot.telegram.wording import text
from replicate_gateway.presets import Preset
from storage.people import People
from storage.person import Person

# https://t.me/<bot>?start=tool_upscale
_TOOL = "tool_"


def add_handlers(router: Router) -> None:
    """/start, and the sample."""
    to_tool = CommandStart(deep_link=True, magic=F.args.startswith(_TOOL))
    router.message.register(start_with_tool, in_private, to_tool, known_tool)
    router.message.register(start, in_private, CommandStart())
    router.callback_query.register(try_sample, MenuButton.filter(F.screen == "sample"))


def menu_keyboard(locale: str) -> InlineKeyboardMarkup:
    """Where to go from here."""
    return keyboard(
        [button(text("try_sample", locale), MenuButton(screen="sample").pack(), "primary")],
        [
            button(text("open_settings", locale), MenuButton(screen="settings").pack()),
            button(text("open_language", locale), MenuButton(screen="language").pack()),
        ],
    )


async def known_tool(_: Message, command: CommandObject, presets: Mapping[str, Preset]) -> dict[str, Preset] | bool:
    """A filter: a link to a tool that there is not (any more) is a normal start."""
    preset = presets.get((command.args or "").removeprefix(_TOOL))
    return {"preset": preset} if preset else False


async def start(message: Message, rules: ChatRules, replies: Replies, sample: SamplePhoto, locale: str) -> None:
    """What this is, shown on a picture that can be tried at once."""
    words = text("start", locale, n=rules.daily_jobs, keep=rules.keep)
    replies.say(sample.reply(message, words, menu_keyboard(locale)))


async def start_with_tool(message: Message, preset: Preset, people: People, replies: Replies, locale: str) -> None:
    """Chosen for good, as in the settings: the person came for this."""
    await people.change(user_key(message.from_user), lambda person: replace(person, preset=preset.name))
    replies.reply(message, text("tool_chosen", locale, tool=preset.label(locale)))


async def try_sample(
    query: CallbackQuery, submissions: Submissions, replies: Replies, person: Person, locale: str
) -> None:
    """A first success without a picture of one's own."""
    if isinstance(query.message, Message):
        await submissions.of_sample(query, query.message, person, locale)
        replies.answer(query, text("sample_started", locale))
    else:
        replies.answer(query, text("send_a_photo", locale))
