"""Methods that put something new into a chat."""

import secrets
from typing import Any

from mock_server.telegram.errors import bad_request
from mock_server.telegram.limits import ALBUM_SIZES, check_caption, check_text
from mock_server.telegram.methods.media import take_document, take_input_media, take_photo
from mock_server.telegram.methods.targets import find_chat, formatted, read_envelope, writable_chat
from mock_server.telegram.params import CallParams
from mock_server.telegram.reactions import REACTION_EMOJI, plain_emoji
from mock_server.telegram.world import World

# https://core.telegram.org/bots/api#sendchataction
_CHAT_ACTIONS = frozenset(
    {
        "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
        "choose_sticker", "find_location", "record_video_note", "upload_video_note",
    }
)  # fmt: skip


async def send_message(world: World, params: CallParams) -> dict[str, Any]:
    """Send a text."""
    envelope = read_envelope(world, params)
    text = check_text(formatted(params, "text", "entities"))
    return world.json.message(envelope.post(world, text=text.text, entities=text.entities))


def _caption_fields(params: CallParams) -> dict[str, Any]:
    caption = check_caption(formatted(params, "caption", "caption_entities"))
    return {
        "caption": caption.text,
        "caption_entities": caption.entities,
        "caption_above": params.boolean("show_caption_above_media"),
        "spoiler": params.boolean("has_spoiler"),
    }


async def send_photo(world: World, params: CallParams) -> dict[str, Any]:
    """Send a picture as a photo."""
    envelope, caption = read_envelope(world, params), _caption_fields(params)
    photo = await take_photo(world, params, "photo")
    return world.json.message(envelope.post(world, photo=photo, **caption))


async def send_document(world: World, params: CallParams) -> dict[str, Any]:
    """Send a file as it is."""
    envelope, caption = read_envelope(world, params), _caption_fields(params)
    document = await take_document(world, params, "document")
    return world.json.message(envelope.post(world, document=document, **caption))


async def send_media_group(world: World, params: CallParams) -> list[dict[str, Any]]:
    """Send an album; it has no buttons, so `reply_markup` is ignored as by Telegram."""
    plain = CallParams({k: v for k, v in params.values.items() if k != "reply_markup"}, params.files)
    envelope = read_envelope(world, plain)
    media = params.document("media")
    if not isinstance(media, list):
        raise bad_request("expected an Array of InputMedia")
    if len(media) not in ALBUM_SIZES:
        too = "many" if len(media) >= ALBUM_SIZES.stop else "few"
        raise bad_request(f"too {too} messages to send as an album")
    contents = [await take_input_media(world, params, one) for one in media]
    if len({bool(content["photo"]) for content in contents}) > 1:
        raise bad_request("can't use the media of the specified type in the album")
    group_id = str(secrets.randbits(53))
    messages = [envelope.post(world, media_group_id=group_id, **content) for content in contents]
    return [world.json.message(message) for message in messages]


async def send_chat_action(world: World, params: CallParams) -> bool:
    """Show what the bot is doing."""
    chat = writable_chat(world, params)
    action = params.string("action")
    if action not in _CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    world.book.show_action(chat, action)
    return True


async def set_message_reaction(world: World, params: CallParams) -> bool:
    """Set or take away the bot's one reaction on a message; on an album it is the first message that has it."""
    chat = find_chat(world, params.values.get("chat_id"))
    message = chat.find(params.integer("message_id"))
    if message is None:
        raise bad_request("message to react not found")
    wanted = params.document("reaction") or []
    if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted):
        raise bad_request("can't parse reaction types JSON object")
    if len(wanted) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    emoji = [plain_emoji(str(one.get("emoji", ""))) for one in wanted]
    if not REACTION_EMOJI.issuperset(emoji):
        raise bad_request("REACTION_INVALID")
    world.book.react(chat.first_of_album(message), world.config.bot_id, emoji)
    return True
