"""Settings that are each well-formed but cannot hold together."""

from typing import Final, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.output_hosts import is_loopback
from bot.settings.checks import OFFICIAL_REPLICATE_URL, OFFICIAL_TELEGRAM_URL

_Rule = tuple[bool, str, str]  # whether it is broken, the field to blame, what that wants

# https://core.telegram.org/bots/api#setwebhook
_TELEGRAM_WEBHOOK_PORTS: Final = (443, 80, 88, 8443)


class Chosen(Protocol):
    """The settings that the rules look at; `bot.settings.Settings` has them."""

    telegram_api_url: str
    telegram_webhook_secret: SecretStr | None
    base_url: str | None
    port: int
    sandbox_port: int
    replicate_mode: Literal["mock", "real"]
    replicate_api_token: SecretStr | None
    replicate_base_url: str | None
    s3_bucket: str | None
    s3_endpoint_url: str | None
    s3_public_endpoint_url: str | None
    aws_access_key_id: SecretStr | None
    aws_secret_access_key: SecretStr | None
    queue_url: SecretStr | None

    @property
    def sandbox(self) -> bool:
        """Whether there is no bot token."""
        ...

    @property
    def model_fields_set(self) -> set[str]:
        """The fields that were given rather than left at their defaults."""
        ...


class Contradiction(NamedTuple):
    """Field `field` does not fit the others; `wants` says what would."""

    field: str
    wants: str


def contradictions(settings: Chosen) -> list[Contradiction]:
    """Every contradiction, blamed on the variable that is easiest to put right."""
    rules = [
        *_telegram_rules(settings),
        *_replicate_rules(settings),
        *_storage_rules(settings),
        *_queue_rules(settings),
    ]
    return [Contradiction(field, wants) for broken, field, wants in rules if broken]


def _telegram_rules(s: Chosen) -> list[_Rule]:
    own_api = s.telegram_api_url == OFFICIAL_TELEGRAM_URL
    base = urlsplit(s.base_url or "")
    in_sandbox = "nothing in the sandbox, which brings its own Telegram (or BOT_TOKEN beside it)"
    return [
        (s.sandbox and not own_api, "telegram_api_url", in_sandbox),
        (s.sandbox and s.telegram_webhook_secret is not None, "telegram_webhook_secret", in_sandbox),
        # Its updates would leave this machine, and whoever is out there is not this bot.
        (s.sandbox and base.hostname is not None and not is_loopback(base.hostname), "base_url", in_sandbox),
        (
            not s.sandbox and "sandbox_port" in s.model_fields_set,
            "sandbox_port",
            "nothing beside BOT_TOKEN, with which no sandbox is started",
        ),
        (s.sandbox and s.sandbox_port == s.port, "sandbox_port", "another port than PORT"),
        (
            not s.sandbox and own_api and s.base_url is not None and not _telegram_can_reach(base.hostname, base.port),
            "base_url",
            "a host and port that Telegram can reach (ports 443, 80, 88, 8443), or nothing for long polling",
        ),
    ]


def _telegram_can_reach(host: str | None, port: int | None) -> bool:
    return not is_loopback(host or "") and (port or 443) in _TELEGRAM_WEBHOOK_PORTS


def _replicate_rules(s: Chosen) -> list[_Rule]:
    real = s.replicate_mode == "real"
    url = urlsplit(s.replicate_base_url or "")
    host = url.hostname or ""
    return [
        (
            real and s.replicate_api_token is None,
            "replicate_api_token",
            "a token that starts with r8_, because REPLICATE_MODE is real",
        ),
        (
            real and url.scheme == "http" and not is_loopback(host),
            "replicate_base_url",
            "an https URL (or nothing for the official one) because REPLICATE_MODE is real: the token is sent there",
        ),
        (
            not real and host == urlsplit(OFFICIAL_REPLICATE_URL).hostname,
            "replicate_base_url",
            "the URL of a mock or nothing for the built-in one, because REPLICATE_MODE is mock",
        ),
    ]


def _storage_rules(s: Chosen) -> list[_Rule]:
    files = s.s3_bucket is None
    key, secret = s.aws_access_key_id is not None, s.aws_secret_access_key is not None
    needs_keys = s.s3_endpoint_url is not None and not files
    with_bucket = "S3_BUCKET beside it, or nothing"
    with_endpoint = "a value, because S3_ENDPOINT_URL is set"
    return [
        (files and s.s3_endpoint_url is not None, "s3_endpoint_url", with_bucket),
        (
            files and "s3_public_endpoint_url" in s.model_fields_set and s.s3_public_endpoint_url is not None,
            "s3_public_endpoint_url",
            with_bucket,
        ),
        (needs_keys and not key, "aws_access_key_id", with_endpoint),
        (needs_keys and not secret, "aws_secret_access_key", with_endpoint),
        (not files and key and not secret, "aws_secret_access_key", "a value, because AWS_ACCESS_KEY_ID is set"),
        (not files and secret and not key, "aws_access_key_id", "a value, because AWS_SECRET_ACCESS_KEY is set"),
    ]


def _queue_rules(s: Chosen) -> list[_Rule]:
    shared = s.queue_url is not None
    return [
        (
            shared and s.s3_bucket is None,
            "queue_url",
            "S3_BUCKET beside it: several processes cannot share files, or nothing",
        ),
        (
            shared and s.s3_bucket is not None and s.sandbox,
            "queue_url",
            "BOT_TOKEN beside it, or nothing",
        ),
        (
            shared and not s.sandbox and s.replicate_mode == "mock" and s.replicate_base_url is None,
            "replicate_base_url",
            "the URL of a mock that all processes share (python -m mock_server), because QUEUE_URL is set",
        ),
    ]
