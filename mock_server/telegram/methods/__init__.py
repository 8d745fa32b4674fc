"""The Bot API methods this emulator models; what is not in the table is answered with 501."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from mock_server.telegram.methods import changing, profile, profile_photo, receiving, sending
from mock_server.telegram.params import CallParams
from mock_server.telegram.webhook import WebhookDelivery
from mock_server.telegram.world import World


@dataclass(frozen=True)
class Method:
    """A modelled method by its documented name; `counts_for_flood`: it sends or edits something in a chat."""

    name: str
    run: Callable[[World, CallParams], Awaitable[Any]]
    counts_for_flood: bool = False


@dataclass(frozen=True)
class DeliveryMethod:
    """A modelled method that also touches the webhook; it may answer (result, description)."""

    name: str
    run: Callable[[World, CallParams, WebhookDelivery], Awaitable[Any]]


_set_name, _get_name = profile.text_methods("name", "names")
_set_description, _get_description = profile.text_methods("description", "descriptions")
_set_short, _get_short = profile.text_methods("short_description", "short_descriptions")

_ALL: tuple[Method | DeliveryMethod, ...] = (
    Method("sendMessage", sending.send_message, counts_for_flood=True),
    Method("sendPhoto", sending.send_photo, counts_for_flood=True),
    Method("sendDocument", sending.send_document, counts_for_flood=True),
    Method("sendMediaGroup", sending.send_media_group, counts_for_flood=True),
    Method("editMessageText", changing.edit_message_text, counts_for_flood=True),
    Method("editMessageCaption", changing.edit_message_caption, counts_for_flood=True),
    Method("editMessageMedia", changing.edit_message_media, counts_for_flood=True),
    Method("editMessageReplyMarkup", changing.edit_message_reply_markup, counts_for_flood=True),
    Method("deleteMessage", changing.delete_message),
    Method("deleteMessages", changing.delete_messages),
    Method("sendChatAction", sending.send_chat_action),
    Method("setMessageReaction", sending.set_message_reaction),
    Method("answerCallbackQuery", changing.answer_callback_query),
    Method("getMe", profile.get_me),
    Method("getFile", receiving.get_file),
    Method("getChat", profile.get_chat),
    Method("getChatMember", profile.get_chat_member),
    Method("setMyCommands", profile.set_my_commands),
    Method("getMyCommands", profile.get_my_commands),
    Method("deleteMyCommands", profile.delete_my_commands),
    Method("setMyName", _set_name),
    Method("getMyName", _get_name),
    Method("setMyDescription", _set_description),
    Method("getMyDescription", _get_description),
    Method("setMyShortDescription", _set_short),
    Method("getMyShortDescription", _get_short),
    Method("setMyProfilePhoto", profile_photo.set_my_profile_photo),
    Method("removeMyProfilePhoto", profile_photo.remove_my_profile_photo),
    Method("getUserProfilePhotos", profile_photo.get_user_profile_photos),
    DeliveryMethod("getUpdates", receiving.get_updates),
    DeliveryMethod("setWebhook", receiving.set_webhook),
    DeliveryMethod("deleteWebhook", receiving.delete_webhook),
    DeliveryMethod("getWebhookInfo", receiving.get_webhook_info),
)

METHODS = {method.name.lower(): method for method in _ALL}
"""Modelled methods by lower-case name."""
