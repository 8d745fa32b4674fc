"""What people do in their Telegram app, and the updates that the bot gets from it."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mock_server.telegram.chats import CallbackQuery, Chat, Message, Person
from mock_server.telegram.delivery import CALLBACK_LIFETIME_S
from mock_server.telegram.errors import UserActionError
from mock_server.telegram.limits import ALBUM_SIZES, MAX_CAPTION, MAX_TEXT
from mock_server.telegram.message_json import person_json, reactions_json
from mock_server.telegram.methods.profile import member_json
from mock_server.telegram.pictures import PictureDimensionsError, UnreadablePictureError
from mock_server.telegram.privacy import is_seen_by_bot
from mock_server.telegram.reactions import REACTION_EMOJI, plain_emoji
from mock_server.telegram.text_entities import FormattedText, trimmed, utf16_length, with_detected
from mock_server.telegram.world import World

_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")  # https://core.telegram.org/bots/features#deep-linking

# What a message takes along when it is forwarded.
_FORWARDED = ("text", "entities", "caption", "caption_entities", "photo", "document", "spoiler", "source_name")

_T = TypeVar("_T")


@dataclass(frozen=True)
class Attachment:
    """A file on a person's device."""

    name: str
    data: bytes
    mime_type: str | None = None


@dataclass(frozen=True)
class MessageContext:
    """What a person's message hangs on: the message they reply to, the topic they write in."""

    reply_to: Message | None = None
    thread_id: int | None = None


class PersonActions:
    """Everything a person can do; raises UserActionError for what their app would not let them do."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send_text(self, person: Person, chat: Chat, text: str, around: MessageContext) -> Message:
        """Write a text."""
        content = with_detected(trimmed(FormattedText(text)))
        if not content.text or utf16_length(content.text) > MAX_TEXT:
            raise UserActionError(f"a text has 1 to {MAX_TEXT} characters")
        return self._post(person, chat, around, text=content.text, entities=content.entities)

    async def send_media(
        self,
        person: Person,
        chat: Chat,
        files: Sequence[Attachment],
        caption: str,
        around: MessageContext,
        *,
        as_file: bool,
    ) -> list[Message]:
        """Send pictures as photos or as files; two to ten become an album with the caption on its first member."""
        if len(files) not in {1, *ALBUM_SIZES}:
            raise UserActionError("an album has 2 to 10 members")
        text = _checked_caption(caption)
        contents = [await self._store(file, as_file=as_file) for file in files]
        for content, file in zip(contents, files, strict=True):
            content["source_name"] = file.name
        contents[0] |= {"caption": text.text, "caption_entities": text.entities}
        group_id = str(secrets.randbits(53)) if len(files) > 1 else None
        messages = []
        for number, content in enumerate(contents):
            if number:
                await asyncio.sleep(self._world.config.album_gap_s)
            messages.append(self._post(person, chat, around, media_group_id=group_id, **content))
        return messages

    async def _store(self, file: Attachment, *, as_file: bool) -> dict[str, Any]:
        if as_file:
            return {"document": await self._world.files.add_document(file.data, file.name, file.mime_type)}
        return {"photo": await self._readable(file, self._world.files.add_photo(file.data, max_sides_sum=None))}

    @staticmethod
    async def _readable(file: Attachment, stored: Awaitable[_T]) -> _T:
        try:
            return await stored
        except (UnreadablePictureError, PictureDimensionsError) as error:
            raise UserActionError(f"{file.name} cannot be sent as a photo ({error}); send it as a file") from error

    def start(self, person: Person, chat: Chat, payload: str) -> Message:
        """Open the bot by a deep link, which sends its payload with /start; in groups the command names the bot."""
        if not _PAYLOAD.fullmatch(payload):
            raise UserActionError("a deep link carries up to 64 of A-Z a-z 0-9 _ -")
        to = "" if chat.kind == "private" else f"@{self._world.config.bot_username}"
        return self.send_text(person, chat, f"/start{to} {payload}", MessageContext())

    async def send_sticker(
        self, person: Person, chat: Chat, file: Attachment, emoji: str, around: MessageContext
    ) -> Message:
        """Send a picture as a still sticker."""
        sticker = await self._readable(file, self._world.files.add_sticker(file.data))
        content = {"sticker": sticker.as_sticker(emoji)}
        return self._post(person, chat, around, other_content=content, source_name=file.name)

    async def send_live_photo(
        self, person: Person, chat: Chat, file: Attachment, caption: str, around: MessageContext
    ) -> Message:
        """Send a picture as a live photo, whose video is a stub; bots get its still as a photo too."""
        text = _checked_caption(caption)
        photo = await self._readable(file, self._world.files.add_photo(file.data, max_sides_sum=None))
        video = await self._world.files.add_live_video(photo)
        content = {"photo": photo, "caption": text.text, "caption_entities": text.entities, "source_name": file.name}
        return self._post(person, chat, around, other_content={"live_photo": video.as_live_photo(photo)}, **content)

    def send_other(self, person: Person, chat: Chat, content: dict[str, Any], around: MessageContext) -> Message:
        """Send another kind of content, given as the fields of a Message: voice, poll, contact, location, ..."""
        return self._post(person, chat, around, other_content=content)

    def forward(self, person: Person, chat: Chat, message: Message) -> Message:
        """Send a message once more as it is: its picture stays the same for bots, as it does in Telegram."""
        if message.deleted:
            raise UserActionError("the message is gone")
        origin = {"type": "user", "sender_user": self._world.json.user(message.sender_id), "date": message.date}
        kept = {name: getattr(message, name) for name in _FORWARDED}
        kept["other_content"] = message.other_content | {"forward_origin": origin}
        return self._post(person, chat, MessageContext(), **kept)

    def edit_text(self, person: Person, message: Message, text: str) -> None:
        """Change the text or caption of one's own message."""
        self._check_own(person, message)
        content = with_detected(trimmed(FormattedText(text)))
        if message.text:
            changes: dict[str, Any] = {"text": content.text, "entities": content.entities}
        else:
            changes = {"caption": content.text, "caption_entities": content.entities}
        world = self._world
        world.book.edit(message, **changes)
        if is_seen_by_bot(message, world.config.bot_username, group_privacy=world.group_privacy):
            world.tell_bot("edited_message", "chat", message.chat.id, world.json.message(message))

    def delete_message(self, person: Person, message: Message) -> None:
        """Delete for both sides; in groups only one's own messages. The bot is not told, as in Telegram."""
        if message.chat.kind != "private" and person.id not in message.chat.admin_ids:
            self._check_own(person, message)
        self._world.book.delete(message)

    def press(self, person: Person, message: Message, button: str) -> CallbackQuery:
        """Press an inline button, named by its label or its callback data."""
        if message.deleted:
            raise UserActionError("the message is gone")
        chosen = next((one for one in message.buttons() if button in {one["text"], one.get("callback_data")}), None)
        if chosen is None or "callback_data" not in chosen or chosen.get("disabled"):
            labels = [one["text"] for one in message.buttons()]
            raise UserActionError(f"no button {button!r} to press; there are {labels}")
        return self._query(person, message, chosen["callback_data"])

    def press_data(self, person: Person, message: Message, data: str) -> CallbackQuery:
        """Send callback data that need not be on the message any more, as an outdated app does."""
        return self._query(person, message, data)

    def _query(self, person: Person, message: Message, data: str) -> CallbackQuery:
        world, queries = self._world, self._world.book.callback_queries
        now = world.config.clock()
        for old in [one for one in queries.values() if now - one.asked_at > 2 * CALLBACK_LIFETIME_S]:
            del queries[old.id]
        query = CallbackQuery(str(secrets.randbits(62)), person.id, message, data, now)
        queries[query.id] = query
        body = {
            "id": query.id,
            "from": person_json(person),
            "message": world.json.inaccessible(message) if message.deleted else world.json.message(message),
            "chat_instance": str(message.chat.id),
            "data": data,
        }
        world.tell_bot("callback_query", "callback_query", person.id, body, lifetime_s=CALLBACK_LIFETIME_S)
        return query

    def react(self, person: Person, message: Message, emoji: str) -> None:
        """Put a reaction on a message; an empty text takes it away."""
        emoji = plain_emoji(emoji)
        if emoji and emoji not in REACTION_EMOJI:
            raise UserActionError(f"{emoji!r} is no reaction")
        world = self._world
        old = message.reactions.get(person.id, [])
        world.book.react(message, person.id, [emoji] if emoji else [])
        body = {
            "chat": world.json.chat(message.chat),
            "message_id": message.message_id,
            "user": person_json(person),
            "date": world.book.now(),
            "old_reaction": reactions_json(old),
            "new_reaction": reactions_json(message.reactions.get(person.id, [])),
        }
        world.tell_bot("message_reaction", "message_reaction", message.chat.id, body)

    def set_blocked(self, person: Person, *, blocked: bool) -> None:
        """Block or unblock the bot; it is told by `my_chat_member`."""
        if person.blocked_bot == blocked:
            return
        world = self._world
        person.blocked_bot = blocked
        world.events.publish("person", person_id=person.id)
        chat = world.book.chats[person.id]
        self._tell_membership(person, chat, member_json(world, chat, world.config.bot_id), is_in=not blocked)

    def remain_anonymous(self, person: Person, group: Chat) -> None:
        """Have an admin's messages come in the group's name from now on."""
        if person.id not in group.admin_ids:
            raise UserActionError(f"{person.first_name} is no admin of this group")
        group.anonymous_ids.add(person.id)

    def set_bot_member(self, person: Person, group: Chat, *, is_member: bool) -> None:
        """Add the bot to a group or remove it; it is told by `my_chat_member`."""
        if group.kind == "private":
            raise UserActionError("nobody joins or leaves a private chat; the bot can be blocked there")
        world = self._world
        if is_member == (world.config.bot_id in group.member_ids):
            return
        world.book.set_bot_member(group, is_member=True)
        member = member_json(world, group, world.config.bot_id)
        world.book.set_bot_member(group, is_member=is_member)
        self._tell_membership(person, group, member, is_in=is_member)

    def _tell_membership(self, person: Person, chat: Chat, member: dict[str, Any], *, is_in: bool) -> None:
        world = self._world
        kicked = {"status": "kicked", "user": world.json.bot(), "until_date": 0}
        body = {
            "chat": world.json.chat(chat),
            "from": person_json(person),
            "date": world.book.now(),
            "old_chat_member": kicked if is_in else member,
            "new_chat_member": member if is_in else kicked,
        }
        world.tell_bot("my_chat_member", "my_chat_member", chat.id, body)

    def _check_own(self, person: Person, message: Message) -> None:
        if message.sender_id != person.id or message.deleted:
            raise UserActionError("not this person's message")

    def _post(self, person: Person, chat: Chat, around: MessageContext, **content: Any) -> Message:
        if person.id not in chat.member_ids:
            raise UserActionError(f"{person.first_name} is not in this chat")
        if chat.kind == "private":
            self.set_blocked(person, blocked=False)  # writing to a blocked bot unblocks it
        message = self._world.book.post(
            chat, person.id, reply_to=around.reply_to, thread_id=around.thread_id, **content
        )
        world = self._world
        if is_seen_by_bot(message, world.config.bot_username, group_privacy=world.group_privacy):
            world.tell_bot("message", "chat", chat.id, world.json.message(message))
        return message


def _checked_caption(caption: str) -> FormattedText:
    text = with_detected(trimmed(FormattedText(caption)))
    if utf16_length(text.text) > MAX_CAPTION:
        raise UserActionError(f"a caption has up to {MAX_CAPTION} characters")
    return text
