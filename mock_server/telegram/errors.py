"""What the emulated Bot API answers when it refuses, in Telegram's own words."""

from typing import Any


class BotApiError(Exception):
    """A refusal that becomes the JSON answer of a Bot API call.

    `retry_after` is in seconds; `migrate_to_chat_id` is what the group has become. https://core.telegram.org/bots/api#making-requests
    """

    def __init__(
        self, code: int, description: str, *, retry_after: int | None = None, migrate_to_chat_id: int | None = None
    ) -> None:
        super().__init__(description)
        self.code, self.description, self.retry_after = code, description, retry_after
        self.migrate_to_chat_id = migrate_to_chat_id

    def answer(self) -> dict[str, Any]:
        """Give the body of the HTTP answer."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        parameters = {"retry_after": self.retry_after, "migrate_to_chat_id": self.migrate_to_chat_id}
        if said := {name: value for name, value in parameters.items() if value is not None}:
            body["parameters"] = said
        return body


def bad_request(what: str) -> BotApiError:
    """Give the 400 that says `what`."""
    return BotApiError(400, f"Bad Request: {what}")


def conflict(what: str) -> BotApiError:
    """Give the 409 that says `what`."""
    return BotApiError(409, f"Conflict: {what}")


def too_many_requests(retry_after: int) -> BotApiError:
    """Give the 429 that asks for `retry_after` seconds of silence."""
    return BotApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def not_modelled(what: str) -> BotApiError:
    """Give the 501 for what this emulator does not imitate; real Telegram may well do it."""
    return BotApiError(501, f"Not Implemented: {what} is not modelled by this emulator")


class ConnectionDroppedError(Exception):
    """An injected fault: the caller gets no answer, its connection is closed."""


class UserActionError(ValueError):
    """A person's app would not let them do this (no such message, picture unreadable, ...)."""
