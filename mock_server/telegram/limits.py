"""The published limits of the Bot API, refused in Telegram's words.

https://core.telegram.org/bots/api#sending-files
"""

from typing import Any

from mock_server.telegram.errors import BotApiError, bad_request
from mock_server.telegram.text_entities import FormattedText, utf16_length

MAX_TEXT = 4096
MAX_TEXT_BYTES = 32 * 1024  # before entity parsing
MAX_CAPTION = 1024
MAX_CALLBACK_ANSWER = 200
MAX_CALLBACK_DATA_BYTES = 64
MAX_BUTTONS = 100
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_DOCUMENT_BYTES = 50 * 1024 * 1024
ALBUM_SIZES = range(2, 11)
DELETABLE_FOR_S = 48 * 3600

_STYLES = frozenset({"", "default", "primary", "danger", "success"})
_BUTTON_ACTIONS = frozenset(
    {
        "callback_data", "url", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay", "disabled",
    }
)  # fmt: skip

InlineKeyboard = list[list[dict[str, Any]]]


def check_text(text: FormattedText) -> FormattedText:
    """Refuse an empty text and one over 4096 UTF-16 units, counted after entity parsing."""
    if not text.text:
        raise bad_request("message text is empty")
    if utf16_length(text.text) > MAX_TEXT:
        raise bad_request("message is too long")
    return text


def check_caption(caption: FormattedText) -> FormattedText:
    """Refuse a caption over 1024 UTF-16 units, counted after entity parsing."""
    if utf16_length(caption.text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return caption


def check_photo_size(size: int) -> None:
    """Refuse an upload of more than 10 MB as a photo."""
    if size > MAX_PHOTO_BYTES:
        raise bad_request(
            f"file of size {size} bytes is too big for a photo; the maximum size is {MAX_PHOTO_BYTES} bytes"
        )


def request_too_large() -> BotApiError:
    """Give the answer to an upload of more than 50 MB."""
    return BotApiError(413, "Request Entity Too Large")


def check_inline_keyboard(rows: Any) -> InlineKeyboard:
    """Give the rows of an inline keyboard, without empty ones."""
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    keyboard = [[_check_button(button) for button in row] for row in rows if row]
    if sum(len(row) for row in keyboard) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return keyboard


def _check_button(button: Any) -> dict[str, Any]:
    prefix = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad_request(prefix + "InlineKeyboardButton must be an Object")
    text = button.get("text")
    if not isinstance(text, str) or not text:
        raise bad_request(prefix + 'Can\'t find field "text"')
    if not _BUTTON_ACTIONS & button.keys():
        raise bad_request(prefix + "Text buttons are unallowed in the inline keyboard")
    if str(button.get("style", "")).lower() not in _STYLES:
        raise bad_request(prefix + "invalid button style specified")
    if "callback_data" in button:
        _check_callback_data(button["callback_data"])
    return button


def _check_callback_data(data: Any) -> None:
    if not isinstance(data, str) or not 1 <= len(data.encode()) <= MAX_CALLBACK_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
