"""Part of the composition root: opens the adapters that the settings name, each with only its own imports.

Apart from `bot.app` because that one needs the Telegram framework, which takes seconds to import: `doctor` and
`init-storage` do without.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.output_hosts import is_loopback
from bot.settings import Settings
from replicate_gateway.protocol import ReplicateGateway
from storage.objects import ObjectStore

if TYPE_CHECKING:
    from replicate_gateway.calls import CallLimits

# Any token will do for a mock; this one cannot be mistaken for a real one.
MOCK_API_TOKEN = "r8_mock"  # noqa: S105

HURRIED_READ_TIMEOUT_S = 6.0
HURRIED_ATTEMPTS = 2


@asynccontextmanager
async def open_store(settings: Settings, *, hurried: bool = False) -> AsyncIterator[ObjectStore]:
    """The storage that the settings name: a bucket, or files. `hurried` gives up sooner: somebody is watching.

    Raises:
        StorageRefusedError: another process has the directory, or it cannot be created, or the endpoint is no URL.
    """
    if settings.s3_bucket is None:
        from storage.files import open_file_store  # noqa: PLC0415 - see above

        public_url = settings.base_url or own_origin(settings)
        async with open_file_store(
            settings.data_dir, public_url=public_url, signing_key=file_link_key(settings)
        ) as files:
            yield files
        return
    from storage.s3 import open_s3_store  # noqa: PLC0415 - see above
    from storage.s3_client import MAX_ATTEMPTS, READ_TIMEOUT_S  # noqa: PLC0415

    key_id, secret = s3_credentials(settings)
    async with open_s3_store(
        bucket=settings.s3_bucket,
        endpoint_url=settings.s3_endpoint_url,
        public_endpoint_url=settings.s3_public_endpoint_url,
        access_key_id=key_id,
        secret_access_key=secret,
        region=settings.aws_region,
        read_timeout_s=HURRIED_READ_TIMEOUT_S if hurried else READ_TIMEOUT_S,
        max_attempts=HURRIED_ATTEMPTS if hurried else MAX_ATTEMPTS,
    ) as bucket:
        yield bucket


@asynccontextmanager
async def open_replicate(settings: Settings, limits: "CallLimits | None" = None) -> AsyncIterator[ReplicateGateway]:
    """Replicate, real or mock: they differ by base URL and token only.

    Raises:
        GatewayError: the base URL or the token cannot be used at all.
    """
    from replicate_gateway.gateway import open_gateway  # noqa: PLC0415 - see above

    async with open_gateway(
        api_token=replicate_token(settings),
        base_url=settings.replicate_base_url,
        limits=limits,
    ) as gateway:
        yield gateway


def replicate_token(settings: Settings) -> str:
    """The token in clear for a client; a mock that is reached unencrypted over the network gets none of worth."""
    token, url = settings.replicate_api_token, urlsplit(settings.replicate_base_url or "")
    overheard = url.scheme == "http" and not is_loopback(url.hostname or "")  # real mode does not take such a URL
    return token.get_secret_value() if token and not overheard else MOCK_API_TOKEN


def engine_bot_id(settings: Settings) -> str:
    """What tells one bot's keys from another's in a shared queue engine.

    Raises:
        ValueError: there is no bot; the sandbox brings its own.
    """
    if settings.bot_token is None:
        raise ValueError("a bot needs a token; the sandbox brings its own")
    return settings.bot_token.get_secret_value().partition(":")[0]


def own_origin(settings: Settings) -> str:
    """Where the bot listens, as a URL."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def s3_credentials(settings: Settings) -> tuple[str | None, str | None]:
    """Key id and secret in clear, for a client; None where the SDK's own sources are used."""
    key_id, secret = settings.aws_access_key_id, settings.aws_secret_access_key
    return key_id.get_secret_value() if key_id else None, secret.get_secret_value() if secret else None


def file_link_key(settings: Settings) -> bytes:
    """What links to stored files are signed with; the same in every process that has the same bot token."""
    return settings.signing_key("file links")
