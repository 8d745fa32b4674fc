"""Methods by which the bot gets its updates and the files in them."""

import re
from typing import Any
from urllib.parse import urlsplit

from mock_server.telegram.errors import BotApiError, bad_request, conflict
from mock_server.telegram.limits import MAX_DOWNLOAD_BYTES
from mock_server.telegram.params import CallParams
from mock_server.telegram.webhook import DEFAULT_MAX_CONNECTIONS, WebhookDelivery, WebhookSettings
from mock_server.telegram.world import World

_MAX_SECRET_LENGTH = 256


async def get_updates(world: World, params: CallParams, webhook: WebhookDelivery) -> list[dict[str, Any]]:
    """Give waiting updates, waiting for the first as long as asked."""
    if webhook.settings is not None:
        raise conflict(
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        )
    _remember_allowed(world, params)
    limit = params.integer("limit", 100)
    return await world.polling.poll(
        offset=params.integer("offset"),
        limit=limit if 1 <= limit <= 100 else 100,
        timeout_s=max(0, params.integer("timeout")),
    )


async def set_webhook(world: World, params: CallParams, webhook: WebhookDelivery) -> tuple[bool, str]:
    """Deliver updates to this URL from now on. Plain http is taken too, as by a local server."""
    url = params.string("url")
    if not url:
        return await delete_webhook(world, params, webhook)
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise bad_request("invalid webhook URL specified")
    settings = WebhookSettings(
        url=url,
        secret_token=_checked_secret(params.string("secret_token")),
        max_connections=min(max(params.integer("max_connections", DEFAULT_MAX_CONNECTIONS), 1), 100),
    )
    _drop_if_asked(world, params)
    allowed_before = world.updates.allowed
    _remember_allowed(world, params)
    world.polling.end()
    changed = await webhook.set(settings) or world.updates.allowed != allowed_before
    return True, "Webhook was set" if changed else "Webhook is already set"


async def delete_webhook(world: World, params: CallParams, webhook: WebhookDelivery) -> tuple[bool, str]:
    """Stop delivering by webhook; waiting updates stay unless told otherwise."""
    _drop_if_asked(world, params)
    was_set = await webhook.remove()
    return True, "Webhook was deleted" if was_set else "Webhook is already deleted"


async def get_webhook_info(world: World, _: CallParams, webhook: WebhookDelivery) -> dict[str, Any]:
    """Give the webhook's state and its last error."""
    settings = webhook.settings
    info: dict[str, Any] = {
        "url": settings.url if settings else "",
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates),
    }
    if settings is not None:
        info |= {"max_connections": settings.max_connections, "ip_address": "127.0.0.1"}
    if webhook.last_error_date is not None:
        info |= {"last_error_date": webhook.last_error_date, "last_error_message": webhook.last_error_message}
    if world.updates.allowed is not None:
        info["allowed_updates"] = sorted(world.updates.allowed)
    return info


def _checked_secret(secret: str) -> str:
    if len(secret) > _MAX_SECRET_LENGTH:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    return secret


def _drop_if_asked(world: World, params: CallParams) -> None:
    if params.boolean("drop_pending_updates"):
        world.updates.clear()


def _remember_allowed(world: World, params: CallParams) -> None:
    kinds = params.list_of_strings("allowed_updates")
    if kinds is not None:
        world.updates.allow(kinds)


async def get_file(world: World, params: CallParams) -> dict[str, Any]:
    """Give the path to download a file from, up to 20 MB."""
    file_id = params.string("file_id")
    if not file_id:
        raise bad_request("file_id not specified")
    file = world.files.get(file_id)
    if file is None:
        raise _unknown_file()
    if file.size > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": file.size,
        "file_path": file.path,
    }


def _unknown_file() -> BotApiError:
    return bad_request("wrong file_id or the file is temporarily unavailable")
