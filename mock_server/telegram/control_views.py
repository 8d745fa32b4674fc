"""What the control surface shows, as JSON."""

from dataclasses import asdict
from typing import Any

from mock_server.telegram.actors import User
from mock_server.telegram.chats import Chat, Message
from mock_server.telegram.journal import CallRecord, DeliveryRecord
from mock_server.telegram.message_json import person_json
from mock_server.telegram.world import World


def message_view(world: World, message: Message) -> dict[str, Any]:
    """Give a message as the Bot API has it, and under `sandbox` what only the person's side knows.

    `seq` says how old the view is: of two, the one with the greater number is newer.
    """
    reactions = [{"by": who, "emoji": emoji} for who, emoji in message.reactions.items()]
    return world.json.message(message) | {
        "sandbox": {
            "seq": world.events.last,
            "from_bot": message.is_from_bot,
            "edits": message.edits,
            "deleted": message.deleted,
            "silent": message.silent,
            "reactions": reactions,
            "reply_keyboard": message.reply_keyboard,
            "delivered": message.delivered,
            "source_name": message.source_name,
        }
    }


def chat_view(world: World, chat: Chat) -> dict[str, Any]:
    """Give a chat with its people, whether the bot is in it, and its count of pings."""
    people = sorted(user_id for user_id in chat.member_ids if user_id != chat.bot_id)
    return world.json.chat(chat) | {
        "member_ids": people,
        "has_bot": chat.bot_id in chat.member_ids,
        "pings": chat.pings,
    }


def user_view(user: User) -> dict[str, Any]:
    """Give a person."""
    return person_json(user.person) | {"blocked_bot": user.person.blocked_bot}


def call_view(record: CallRecord) -> dict[str, Any]:
    """Give one Bot API call."""
    return {"kind": "call", "chat_id": record.chat_id, **asdict(record)}


def delivery_view(record: DeliveryRecord) -> dict[str, Any]:
    """Give one attempt to deliver an update."""
    return {"kind": "delivery", "update_id": record.update_id, **asdict(record)}
