"""Signs webhooks the way Replicate does: written from the published rule, independent of whoever verifies.

The rule: https://replicate.com/docs/topics/webhooks/verify-webhook
"""

import base64
import binascii
import hashlib
import hmac
import secrets

SECRET_PREFIX = "whsec_"  # noqa: S105 -- the public prefix, not a secret
SHORTEST_KEY_BYTES = 24
"""The shortest key the Standard Webhooks specification allows."""


def generate_webhook_secret() -> str:
    """A new secret: `whsec_` and the base64 text of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signing_key(secret: str) -> bytes:
    """The HMAC key inside a `whsec_…` secret.

    Raises:
        ValueError: prefix missing, no base64, or too short. The message never repeats the secret.
    """
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(f"a webhook secret starts with {SECRET_PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"a webhook secret is {SECRET_PREFIX} and base64 text") from None
    if len(key) < SHORTEST_KEY_BYTES:
        raise ValueError(f"a webhook secret holds at least {SHORTEST_KEY_BYTES} bytes")
    return key


def sign(key: bytes, webhook_id: str, timestamp_s: int, body: bytes) -> str:
    """The `webhook-signature` of one delivery: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`."""
    signed = f"{webhook_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
