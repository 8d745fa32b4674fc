"""What a bot gets to see in groups while its privacy mode is on.

https://core.telegram.org/bots/features#privacy-mode
"""

from mock_server.telegram.chats import Chat, Message
from mock_server.telegram.text_entities import utf16_slice


def is_seen_by_bot(message: Message, bot_username: str, *, group_privacy: bool) -> bool:
    """Tell whether the bot is given a person's message."""
    if message.chat.bot_id not in message.chat.member_ids:
        return False
    return not (group_privacy and _is_private_to_people(message.chat)) or _is_meant_for_bot(message, bot_username)


def _is_private_to_people(chat: Chat) -> bool:
    return chat.kind != "private" and chat.bot_id not in chat.admin_ids


def _is_meant_for_bot(message: Message, bot_username: str) -> bool:
    if message.reply_to is not None and message.reply_to.is_from_bot:
        return True
    return any(_names_bot(message, entity, bot_username.lower()) for entity in message.all_entities)


def _names_bot(message: Message, entity: dict[str, object], bot_username: str) -> bool:
    words = utf16_slice(message.all_text, int(str(entity["offset"])), int(str(entity["length"]))).lower()
    if entity["type"] == "mention":
        return words == "@" + bot_username
    return entity["type"] == "bot_command" and words.partition("@")[2] in {"", bot_username}
