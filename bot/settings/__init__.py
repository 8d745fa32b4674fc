"""Every environment variable: its name, type, unit, default and meaning. Nothing is read at import."""

import hashlib
import hmac
import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.output_hosts import OutputHosts, is_loopback
from bot.redaction import Redactor
from bot.settings import checks as form
from bot.settings.contradictions import contradictions
from bot.settings.errors import Fault, SettingsError, describe, faults_of, is_secret
from bot.settings.sources import Misspelt, misspelt, read_env_file

__all__ = ["Settings", "SettingsError", "doubtful_names", "load_settings"]

# As Telegram counts its own limit of 20 MB for what bots may download.
_BYTES_PER_MB: Final = 1024 * 1024
# Stands in for a tunnel's URL until all else is known to be right: the port, for one, by which the tunnel is found.
_SOME_TUNNEL: Final = "https://tunnel.invalid"
# Signs the links of a sandbox, where there is no token and nothing worth forging.
_SANDBOX_KEY: Final = b"darkroom sandbox"


class Settings(BaseSettings):
    """What this process runs with; field `port` is the variable `PORT`, and so on.

    The constructor reads its arguments only; `load_settings` reads the environment and `.env`.

    Raises:
        ValidationError: a value is wrong, or two of them contradict each other.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bot_token: form.BotToken | None = Field(None, description="Bot API token; without it the sandbox is started.")
    telegram_api_url: form.Url = Field(form.OFFICIAL_TELEGRAM_URL, description="Bot API server.")
    telegram_webhook_secret: form.TelegramSecretToken | None = Field(
        None, description="Secret token of Telegram's webhook calls; derived from the bot token when unset."
    )
    telegram_rate_limit: float = Field(
        30, ge=0, le=1000, description="Messages per second over all chats; 0 sends without a limit."
    )
    base_url: form.PublicUrl | None = Field(
        None,
        description="Where the outside reaches this bot, or which tunnel to ask: ngrok or cloudflared; without it"
        " Telegram and Replicate are polled.",
    )
    host: form.Host = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="TCP port of the web server.")
    sandbox_port: int = Field(8080, ge=1, le=65535, description="TCP port of the sandbox's chat page.")

    replicate_mode: Literal["mock", "real"] = Field("mock", description="Which Replicate works on the photos.")
    replicate_api_token: form.ReplicateToken | None = Field(
        None, description="Replicate API token; needed in real mode, never sent over plain http to another machine."
    )
    replicate_base_url: form.ReplicateUrl | None = Field(
        default_factory=lambda seen: form.OFFICIAL_REPLICATE_URL if seen.get("replicate_mode") == "real" else None,
        description="API server without /v1: the official one in real mode; unset means the built-in mock.",
    )
    replicate_webhook_secret: form.WebhookSigningSecret | None = Field(
        None, description="Signing secret of Replicate's webhooks; fetched from the API when unset."
    )
    replicate_max_active: int = Field(50, ge=1, le=1_000_000, description="Predictions in flight at most.")
    output_hosts: form.Hosts = Field(
        ("replicate.delivery",),
        description="Hosts (names with their subdomains) that results may be fetched from; a mock's own is among them.",
    )

    s3_bucket: form.Bucket | None = Field(None, description="Bucket; without it files are kept in `DATA_DIR`.")
    s3_endpoint_url: form.Url | None = Field(None, description="S3 server as this bot reaches it; unset means AWS.")
    s3_public_endpoint_url: form.Url | None = Field(
        default_factory=lambda seen: seen.get("s3_endpoint_url"),
        description="The same server as the outside reaches it; presigned URLs carry this host.",
    )
    aws_access_key_id: form.AccessKey | None = Field(
        None, description="S3 credentials; needed with an endpoint of your own, else the SDK's own sources are used."
    )
    aws_secret_access_key: form.AccessKey | None = Field(None, description="Secret half of the S3 credentials.")
    aws_region: form.Region = Field("us-east-1", description="Region that S3 requests are signed for.")
    data_dir: form.Directory = Field(Path("data"), description="Where files are kept without S3.")
    presigned_url_ttl_s: int = Field(
        3600, ge=60, le=604_800, description="How long links to stored images work, in seconds; S3 allows 7 days."
    )
    task_ttl_days: int = Field(1, ge=1, le=365, description="After how many days storage removes task records.")
    image_ttl_days: int = Field(30, ge=1, le=3650, description="After how many days storage removes images.")

    queue_url: form.QueueUrl | None = Field(
        None, description="Redis or Valkey that carries the work of several processes; unset means in process."
    )
    user_max_active_jobs: int = Field(3, ge=1, le=1_000_000, description="Unfinished jobs per user.")
    user_daily_jobs: int = Field(20, ge=1, le=1_000_000, description="Delivered images per user and day.")
    max_image_mb: int = Field(20, ge=1, le=100, description="Largest image taken, in MB (2^20 bytes).")
    job_timeout_s: int = Field(1800, ge=1, le=86_400, description="After how many seconds a job is given up.")
    poll_interval_s: float = Field(
        30,
        ge=0.1,
        le=3600,
        description="How many seconds without news before a prediction is polled; thousands share ten a second.",
    )

    admin_ids: form.Ids = Field(frozenset(), description="Telegram users who see admin commands and alerts.")
    allowed_ids: form.Ids = Field(frozenset(), description="Telegram users who may use the bot; empty means all.")
    api_keys: form.ApiKeys = Field((), description="Keys accepted by /api; empty means the API answers 403.")
    api_allowed_origins: form.Origins = Field(
        (), description="Web pages that may call /api from a browser, by origin; * means all, empty means none."
    )
    api_max_active_jobs: int = Field(30, ge=1, le=1_000_000, description="Unfinished jobs per API key.")
    api_daily_jobs: int = Field(1000, ge=1, le=10_000_000, description="Jobs per API key and day.")
    api_rate_limit: float = Field(
        200, ge=0, le=100_000, description="Requests per second, API key and process; 0 answers without a limit."
    )
    metrics_token: form.MetricsToken | None = Field(
        None, description="Bearer token that /metrics asks for; unset leaves it open."
    )
    otel_exporter_otlp_endpoint: form.CollectorUrl | None = Field(
        None, description="OpenTelemetry collector (OTLP over HTTP) that gets a trace of each job; unset draws none."
    )
    default_locale: Literal["en", "ru", "pt_BR", "ko"] = Field(
        "en", description="Language for users whose own is not among ours."
    )
    timezone: form.Zone = Field(UTC, description="Time zone of the times that users see.")
    log_level: Annotated[Literal["debug", "info", "warning", "error"], form.LowerCase] = Field(
        "info", description="Least severe level that is logged."
    )
    log_format: Annotated[Literal["json", "console"], form.LowerCase] | None = Field(
        None, description="How log lines look; unset means console on a terminal, else JSON."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Constructor arguments only: what a test or an embedding program does not say has its default."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings  # the signature is pydantic's
        return (init_settings,)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fields = type(self).model_fields
        faults = [
            Fault(field.upper(), describe(getattr(self, field), secret=is_secret(fields[field])), wants)
            for field, wants in contradictions(self)
        ]
        if faults:
            lines = "; ".join(map(str, faults))
            raise PydanticCustomError("contradiction", "{lines}", {"lines": lines, "faults": faults})
        return self

    @property
    def sandbox(self) -> bool:
        """Whether Telegram is played by the built-in emulator: there is no bot token."""
        return self.bot_token is None

    @property
    def built_in_replicate(self) -> bool:
        """Whether Replicate is played by the built-in mock: none is named."""
        return self.replicate_mode == "mock" and self.replicate_base_url is None

    @property
    def max_image_bytes(self) -> int:
        """`max_image_mb` in bytes."""
        return self.max_image_mb * _BYTES_PER_MB

    @property
    def telegram_secret_token(self) -> SecretStr:
        """The secret Telegram sends with each webhook call; without a configured one all replicas derive the same."""
        return self.telegram_webhook_secret or SecretStr(self.signing_key("telegram-webhook").hex())

    @property
    def replicate_reaches_us(self) -> bool:
        """Whether Replicate can call `base_url` and read links to it: a loopback one only if it is here itself."""
        if self.base_url is None:
            return False
        public = not is_loopback(urlsplit(self.base_url).hostname or "")
        return public or is_loopback(urlsplit(self.replicate_base_url or "http://localhost").hostname or "")

    @property
    def allowed_outputs(self) -> OutputHosts:
        """From where outputs may be fetched: `output_hosts`, in mock mode the mock's own host too.

        Plain http is for loopback hosts named there, and for the mock.
        """
        plain = {host for host in self.output_hosts if is_loopback(host)}
        if self.replicate_mode == "mock":
            mock = urlsplit(self.replicate_base_url or "").hostname
            plain |= {mock} if mock else {"127.0.0.1", "localhost"}
        return OutputHosts(https=frozenset(self.output_hosts), plain=frozenset(plain))

    @property
    def public_urls_only(self) -> bool:
        """Whether pictures that callers name are fetched from the public internet only; a mock's may be next door."""
        return self.replicate_mode == "real"

    def signing_key(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose, the same in every process that has the same bot token."""
        key = self.bot_token.get_secret_value().encode() if self.bot_token else _SANDBOX_KEY
        return hmac.digest(key, purpose.encode(), hashlib.sha256)

    def secret_values(self) -> tuple[str, ...]:
        """Every configured or derived secret in clear, for the log's redaction and nothing else."""
        secrets = [self.telegram_secret_token, *self.api_keys]
        secrets += [value for _, value in self if isinstance(value, SecretStr) and value is not self.queue_url]
        # Of the queue's URL only the password is one: the host belongs into error messages.
        password = urlsplit(self.queue_url.get_secret_value()).password if self.queue_url else None
        clear = (secret.get_secret_value() for secret in secrets)
        return tuple(dict.fromkeys((*clear, password) if password else clear))

    def summary(self) -> dict[str, Any]:
        """All settings as JSON values for one log line at start; secrets only as `set`."""
        fields = type(self).model_fields
        shown = {name: _shown(value, field_is_secret=is_secret(fields[name])) for name, value in self}
        if self.queue_url:
            shown["queue_url"] = Redactor()(self.queue_url.get_secret_value())
        return {"sandbox": self.sandbox, **shown}


def load_settings(environ: Mapping[str, str] | None = None, env_file: str | Path | None = ".env") -> Settings:
    """The settings of `environ` (default: this process's environment) over those of `env_file`.

    Surrounding white space is dropped; an empty value counts as unset, so an empty variable hides the file's. Where
    BASE_URL names a tunnel, its agent is asked: that takes a moment, and cannot be done on an event loop.

    Raises:
        SettingsError: one line per wrong variable.
    """
    names = {name.upper(): name for name in Settings.model_fields}
    from_file, faults = read_env_file(Path(env_file), names) if env_file is not None else ({}, [])
    environ = os.environ if environ is None else environ
    given = {**from_file, **environ}
    values = {field: text for variable, field in names.items() if (text := given.get(variable, "").strip())}
    faults += [one.fault for one in _misspelt(environ, values) if one.is_grave]
    tunnel = form.names_tunnel(values.get("base_url", ""))
    try:
        settings = Settings.model_validate(values | ({"base_url": _SOME_TUNNEL} if tunnel else {}))
        if tunnel and not faults:
            from bot.settings.tunnels import public_url  # noqa: PLC0415 - imports aiohttp

            settings = Settings.model_validate(values | {"base_url": public_url(values["base_url"], settings.port)})
    except ValidationError as error:
        # Not chained: the original holds the raw input, secrets included.
        found = faults_of(error, Settings.model_fields)
        if tunnel:  # of which so far only the name is known
            found = [replace(one, got=repr(values["base_url"])) if one.variable == "BASE_URL" else one for one in found]
        raise SettingsError([*faults, *found]) from None
    if faults:
        raise SettingsError(faults)
    return settings


def doubtful_names(settings: Settings) -> list[Fault]:
    """Names in this process's environment that were perhaps meant for settings which are not set, and do no harm."""
    return [one.fault for one in _misspelt(os.environ, settings.model_fields_set) if not one.is_grave]


def _misspelt(environ: Mapping[str, str], given: Collection[str]) -> list[Misspelt]:
    known = [field.upper() for field in Settings.model_fields]
    return misspelt(environ, known, [field.upper() for field in given])


def _shown(value: object, *, field_is_secret: bool) -> object:
    if field_is_secret:
        return "set" if value else None
    if isinstance(value, frozenset | tuple):
        return sorted(value)
    return value if value is None or isinstance(value, int | float) else str(value)
