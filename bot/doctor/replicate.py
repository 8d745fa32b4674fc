"""Replicate: whose account it is, and whether its callbacks can be verified."""

import hmac

from bot.addresses import host_of
from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part
from bot.doctor.replicate_faults import cause_and_fix
from bot.settings import Settings
from replicate_gateway.errors import GatewayError
from replicate_gateway.signature import SecretMalformedError, decode_secret

REPLICATE, WEBHOOK_SECRET = Part("replicate"), Part("webhook_secret")


async def check_replicate(context: Context) -> Finding:
    """Whether the token opens an account."""
    settings, gateway = context.settings, context.gateway
    try:
        if isinstance(gateway, GatewayError):
            raise gateway
        account = await gateway.account()
    except GatewayError as error:
        return REPLICATE.failed(*cause_and_fix(error, settings))
    return REPLICATE.ok(
        f"the token opens the account {account.username} at {host_of(settings.replicate_base_url or '')}"
    )


async def check_webhook_secret(context: Context) -> Finding:
    """Whether the secret that Replicate signs with is the one that callbacks are verified with."""
    settings, gateway = context.settings, context.gateway
    if not settings.replicate_reaches_us:
        return WEBHOOK_SECRET.ok("not needed: without a public BASE_URL predictions are polled")
    if isinstance(gateway, GatewayError):
        return WEBHOOK_SECRET.skipped("there is no way to ask for it")
    try:
        secret = await gateway.webhook_secret()
    except GatewayError as error:
        return _unreadable(error, settings)
    try:
        key = decode_secret(secret)
    except SecretMalformedError as error:
        what = f"what Replicate gives as the secret cannot be used: {error}"
        return WEBHOOK_SECRET.failed(what, "set REPLICATE_WEBHOOK_SECRET, or correct REPLICATE_BASE_URL")
    configured = settings.replicate_webhook_secret
    if configured is None:
        return WEBHOOK_SECRET.ok("read from the account")
    if hmac.compare_digest(decode_secret(configured.get_secret_value()), key):
        return WEBHOOK_SECRET.ok("the configured one is the account's")
    what = "the configured secret is not the account's, so every callback would be refused"
    return WEBHOOK_SECRET.failed(what, "unset REPLICATE_WEBHOOK_SECRET, which has it read from the account")


def _unreadable(error: GatewayError, settings: Settings) -> Finding:
    what, fix = cause_and_fix(error, settings)
    if settings.replicate_webhook_secret is not None:
        return WEBHOOK_SECRET.warning(f"the configured one cannot be compared: {what}", fix)
    return WEBHOOK_SECRET.failed(f"cannot be read: {what}", f"{fix}, or set REPLICATE_WEBHOOK_SECRET")
