"""In a group the bot speaks when it is spoken to: mentioned, given a command, or replied to. Else it is silent."""

from collections.abc import Collection

from aiogram import Bot
from aiogram.types import Message, MessageEntity


class Addressing:
    """Tells whether a message is meant for the bot. `commands` are those that need no name behind them."""

    def __init__(self, bot_id: int, commands: Collection[str]) -> None:
        self._bot_id, self._commands = bot_id, frozenset(commands)

    async def meant(self, message: Message, bot: Bot) -> bool:
        """In private everything is; Telegram is asked for our name once, and only when somebody was named."""
        if message.chat.type == "private":
            return True
        replied = message.reply_to_message
        if replied and replied.from_user and replied.from_user.id == self._bot_id:
            return True
        for entity in message.entities or message.caption_entities or ():
            _, words, _ = _parts(message.text or message.caption or "", entity)
            if entity.type == "text_mention" and entity.user and entity.user.id == self._bot_id:
                return True
            if entity.type == "bot_command" and await self._ours(words, bot):
                return True
            if entity.type == "mention" and words.lower() == await _name(bot):
                return True
        return False

    async def _ours(self, command: str, bot: Bot) -> bool:
        name, _, whose = command.removeprefix("/").partition("@")
        return f"@{whose.lower()}" == await _name(bot) if whose else name in self._commands


async def without_mention(message: Message, bot: Bot) -> str:
    """The words of a message without our name in them."""
    words = message.text or message.caption or ""
    entities = message.entities or message.caption_entities or []
    for entity in sorted(entities, key=lambda one: one.offset, reverse=True):
        before, marked, after = _parts(words, entity)
        if entity.type == "mention" and marked.lower() == await _name(bot):
            words = f"{before.rstrip()} {after.lstrip()}"
    return words.strip()


async def _name(bot: Bot) -> str:
    return f"@{(await bot.me()).username or ''}".lower()


def _parts(words: str, entity: MessageEntity) -> tuple[str, str, str]:
    """What stands before, in and after an entity; offsets count UTF-16 units.

    https://core.telegram.org/bots/api#messageentity; aiogram's own `extract_from` breaks on lone surrogates.
    """
    units, start, end = (
        words.encode("utf-16-le", "surrogatepass"),
        entity.offset * 2,
        (entity.offset + entity.length) * 2,
    )
    before, marked, after = (
        part.decode("utf-16-le", "surrogatepass") for part in (units[:start], units[start:end], units[end:])
    )
    return before, marked, after
