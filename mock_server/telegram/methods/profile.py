"""Methods about the bot itself and about chats and their members."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from mock_server.telegram.chats import Chat
from mock_server.telegram.command_menus import Command, checked_commands
from mock_server.telegram.errors import bad_request
from mock_server.telegram.methods.targets import find_chat
from mock_server.telegram.params import CallParams
from mock_server.telegram.world import World

_MAX_LENGTHS = {"name": 64, "description": 512, "short_description": 120}

Run = Callable[[World, CallParams], Awaitable[Any]]


async def get_me(world: World, _: CallParams) -> dict[str, Any]:
    """Give the bot itself."""
    return world.json.bot() | {
        "can_join_groups": True,
        "can_read_all_group_messages": not world.group_privacy,
        "supports_inline_queries": False,
    }


def _language(params: CallParams) -> str:
    language = params.string("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("LANG_CODE_INVALID")
    return language


async def set_my_commands(world: World, params: CallParams) -> bool:
    """Set the command menu for a scope and a language."""
    commands = checked_commands(params.document("commands"))
    world.profile.commands.put(params.document("scope"), _language(params), commands)
    return True


async def get_my_commands(world: World, params: CallParams) -> list[Command]:
    """Give the command menu set for exactly this scope and language."""
    return world.profile.commands.get(params.document("scope"), _language(params))


async def delete_my_commands(world: World, params: CallParams) -> bool:
    """Forget the command menu of a scope and a language."""
    world.profile.commands.put(params.document("scope"), _language(params), [])
    return True


def text_methods(what: str, attribute: str) -> tuple[Run, Run]:
    """Give the setter and the getter of one of the bot's localized texts; `what` names the parameter."""

    async def set_text(world: World, params: CallParams) -> bool:
        texts: dict[str, str] = getattr(world.profile, attribute)
        value, language = params.string(what), _language(params)
        if len(value) > _MAX_LENGTHS[what]:
            raise bad_request(f"bot {what.replace('_', ' ')} is too long")
        if value:
            texts[language] = value
        else:
            texts.pop(language, None)
        return True

    async def get_text(world: World, params: CallParams) -> dict[str, str]:
        texts: dict[str, str] = getattr(world.profile, attribute)
        default = world.config.bot_first_name if what == "name" else ""
        return {what: texts.get(_language(params), texts.get("", default))}

    return set_text, get_text


async def get_chat(world: World, params: CallParams) -> dict[str, Any]:
    """Give a ChatFullInfo."""
    chat = find_chat(world, params.values.get("chat_id"))
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    return world.json.chat(chat) | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }


async def get_chat_member(world: World, params: CallParams) -> dict[str, Any]:
    """Give a ChatMember: administrator, member or left."""
    chat = find_chat(world, params.values.get("chat_id"))
    user_id = params.integer("user_id")
    if user_id != world.config.bot_id and user_id not in world.book.people:
        raise bad_request("PARTICIPANT_ID_INVALID")
    return member_json(world, chat, user_id)


def member_json(world: World, chat: Chat, user_id: int) -> dict[str, Any]:
    """Give the ChatMember object of somebody in a chat."""
    user = world.json.user(user_id)
    if user_id in chat.admin_ids:
        rights = (
            "is_anonymous", "can_be_edited", "can_manage_video_chats", "can_promote_members", "can_post_stories",
            "can_edit_stories", "can_delete_stories", "can_send_welcome_messages",
        )  # fmt: skip
        granted = (
            "can_manage_chat",
            "can_delete_messages",
            "can_restrict_members",
            "can_change_info",
            "can_invite_users",
        )
        flags = dict.fromkeys(rights, False) | dict.fromkeys(granted, True)
        flags["is_anonymous"] = user_id in chat.anonymous_ids
        return {"status": "administrator", "user": user, **flags}
    return {"status": "member" if user_id in chat.member_ids else "left", "user": user}
