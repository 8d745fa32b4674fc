"""Whose job it is: a person of Telegram, or the holder of an API key. Both have history, quota and limits."""

from dataclasses import dataclass

_KEY_PREFIX = "api-"


def api_user(owner: str) -> str:
    """The user that an API key stands for; `owner` is a digest of it, never the key itself."""
    return f"{_KEY_PREFIX}{owner}"


def is_api_user(user: str) -> bool:
    """Whether it is an API key's user."""
    return user.startswith(_KEY_PREFIX)


@dataclass(frozen=True, slots=True)
class UserLimit:
    """How much of something one user may have: a person, or an API key, behind which there are many people."""

    person: int
    api_key: int

    def of(self, user: str) -> int:
        """What holds for this user."""
        return self.api_key if is_api_user(user) else self.person
