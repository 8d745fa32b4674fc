"""The account that every token belongs to."""

from typing import Any

USERNAME = "mock"


def account_json() -> dict[str, Any]:
    """The account as `GET /v1/account` shows it, with the name that the Python client insists on."""
    return {"type": "user", "username": USERNAME, "name": "Mock Account", "github_url": None, "avatar_url": None}
