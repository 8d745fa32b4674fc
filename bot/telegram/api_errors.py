"""What Telegram's refusals mean for a job.

The wordings are the server's own: https://github.com/tdlib/telegram-bot-api/blob/master/telegram-bot-api/Client.cpp
"""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)

from bot.jobs.errors import ChatGoneError, ChatMovedError, NotDoneError, OutcomeUnknownError

# Raised before the first byte of a call leaves.
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
# The token is wrong or revoked: an admin has to act, and jobs wait for them.
_CREDENTIALS_RETRY_S = 60.0

_CHAT_GONE = (
    "chat not found",
    "user is deactivated",
    "bot was blocked",
    "bot was kicked",
    "peer_id_invalid",
    "message thread not found",  # the topic that the photo was sent to was deleted
    "topic_closed",
    "not enough rights to send text",
    "have no rights to send",
)
_MESSAGE_GONE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
)
_NO_TEXT = "there is no text in the message to edit"
_NO_CAPTION = "there is no caption in the message to edit"
_PHOTO_REFUSED = (
    "image_process_failed",
    "photo_invalid",
    "photo_ext_invalid",
    "photo_save_file_invalid",
    "too big",
    "too large",
    "not enough rights to send photos",
    "not enough rights to send documents",
    "chat_send_photos_forbidden",
    "chat_send_docs_forbidden",
    "chat_send_media_forbidden",
)


class MessageGoneError(Exception):
    """The message that was to be edited is not there any more."""


class OtherKindError(Exception):
    """The message has a picture where it was taken for mere words, or the other way round."""


class PhotoRefusedError(Exception):
    """Telegram does not take the picture in this form here; in another it may."""


@contextmanager
def translated(*, repeatable: bool) -> Iterator[None]:
    """Turn what aiogram raises into what the job understands.

    `repeatable` says that the call may be made again without harm (an edit, a read): then an unknown outcome is
    simply not done. "Not modified" is success and passes silently.

    Raises:
        NotDoneError, OutcomeUnknownError, ChatGoneError, ChatMovedError, MessageGoneError, OtherKindError,
            PhotoRefusedError.
        TelegramBadRequest: a refusal that nobody foresaw.
    """
    try:
        yield
    except TelegramRetryAfter as error:
        raise NotDoneError("telegram_busy", retry_after_s=float(error.retry_after)) from error
    except (TelegramForbiddenError, TelegramMigrateToChat) as error:
        raise _not_here(error) from error
    except (TelegramUnauthorizedError, TelegramNotFound) as error:  # 404 is about the token too, never about a chat
        raise NotDoneError("telegram_credentials", retry_after_s=_CREDENTIALS_RETRY_S) from error
    except TelegramBadRequest as error:
        _refused(error)
    except TelegramEntityTooLarge as error:
        raise PhotoRefusedError(error.message) from error
    except TelegramNetworkError as error:
        if repeatable or isinstance(error.__cause__, _NOT_SENT):
            raise NotDoneError("telegram_unreachable") from error
        raise OutcomeUnknownError(f"telegram: {type(error.__cause__).__name__}") from error
    except AiogramError as error:  # 5xx, an answer that is no JSON, a connection cut short
        if repeatable:
            raise NotDoneError("telegram_unreachable") from error
        raise OutcomeUnknownError(f"telegram: {type(error).__name__}") from error


def _not_here(error: TelegramForbiddenError | TelegramMigrateToChat) -> ChatGoneError | ChatMovedError:
    """A group that became a supergroup: https://core.telegram.org/bots/api#responseparameters."""
    if isinstance(error, TelegramMigrateToChat):
        return ChatMovedError(error.migrate_to_chat_id)
    return ChatGoneError(error.message)


def _refused(error: TelegramBadRequest) -> None:
    reason = error.message.lower()
    if "message is not modified" in reason:
        return
    if any(phrase in reason for phrase in _CHAT_GONE):
        raise ChatGoneError(error.message) from error
    if _NO_TEXT in reason or _NO_CAPTION in reason:
        raise OtherKindError(error.message) from error
    if any(phrase in reason for phrase in _MESSAGE_GONE):
        raise MessageGoneError(error.message) from error
    if any(phrase in reason for phrase in _PHOTO_REFUSED):
        raise PhotoRefusedError(error.message) from error
    raise error
