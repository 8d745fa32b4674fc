"""The form of single settings: each check returns the value or raises a ValueError that says what is wanted."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, SecretStr

from bot.output_hosts import is_loopback

OFFICIAL_TELEGRAM_URL: Final = "https://api.telegram.org"
OFFICIAL_REPLICATE_URL: Final = "https://api.replicate.com"

_HOST_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_TUNNEL: Final = re.compile(r"(ngrok|cloudflared)(:(?P<port>[1-9][0-9]{0,4}))?")
_LAST_PORT: Final = 65_535
_MIN_SIGNING_KEY_BYTES: Final = 24  # what Standard Webhooks asks of a secret; `whsec_` alone would be an empty key
_MAX_TELEGRAM_ID: Final = 2**52  # https://core.telegram.org/bots/api#chat: at most 52 significant bits


def _matches(pattern: str, wants: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(wants)
        return value

    return check


def _secret(check: Callable[[str], str]) -> AfterValidator:
    def unwrap(value: SecretStr) -> SecretStr:
        check(value.get_secret_value())
        return value

    return AfterValidator(unwrap)


def _signing_secret(value: str) -> str:
    wants = f"whsec_ followed by the base64 of at least {_MIN_SIGNING_KEY_BYTES} bytes"
    if not value.startswith("whsec_"):
        raise ValueError(wants)
    try:
        key = base64.b64decode(value.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(wants) from None  # the original message would quote the secret
    if len(key) < _MIN_SIGNING_KEY_BYTES:
        raise ValueError(wants)
    return value


def _split(value: str, schemes: tuple[str, ...]) -> SplitResult | None:
    """The parts of a URL of visible ASCII with a host, without a fragment; None when it is not one."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    visible = value.isascii() and value.isprintable() and " " not in value
    return parts if usable and visible and not parts.fragment else None


def _is_plain_url(value: str) -> bool:
    """Whether it is an http(s) URL without credentials, query and closing slash."""
    parts = _split(value, ("http", "https"))
    return parts is not None and "@" not in parts.netloc and not parts.query and not value.endswith(("/", "?", "#"))


def _url(value: str) -> str:
    if not _is_plain_url(value):
        raise ValueError("an http(s) URL without credentials, query and closing slash")
    return value


def _public_url(value: str) -> str:
    if not _is_plain_url(value) or (value.startswith("http:") and not is_loopback(urlsplit(value).hostname or "")):
        raise ValueError(
            "a public https URL without credentials, query and closing slash (http only for this machine), or the name"
            " of a tunnel on this machine: ngrok or cloudflared"
        )
    return value


def names_tunnel(value: str) -> bool:
    """Whether it is `ngrok` or `cloudflared`, or one of them with the port of its agent's API (`ngrok:4045`)."""
    found = _TUNNEL.fullmatch(value)
    return found is not None and int(found["port"] or 1) <= _LAST_PORT


def _replicate_url(value: str) -> str:
    if not _is_plain_url(value) or value.endswith("/v1"):
        raise ValueError("an http(s) URL without /v1, credentials, query and closing slash")
    return value


def _queue_url(value: str) -> str:
    if _split(value, ("redis", "rediss")) is None:
        raise ValueError("a redis:// or rediss:// URL with a host")
    return value


def _is_host(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        # A name of digits and dots only is a mistyped address.
        return len(value) <= 253 and bool(_HOST_NAME.fullmatch(value)) and not value.replace(".", "").isdigit()
    return True


def _host(value: str) -> str:
    if not _is_host(value):
        raise ValueError("an IP address or a host name to listen on")
    return value


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",")]


def _hosts(value: object) -> object:
    if not isinstance(value, str):
        return value
    hosts = [item.strip("[]").rstrip(".").lower() for item in _items(value)]
    if not all(map(_is_host, hosts)):
        raise ValueError("host names or IP addresses separated by commas, without scheme, port and path")
    return tuple(dict.fromkeys(hosts))


def _ids(value: object) -> object:
    wants = "Telegram ids (whole numbers, not 0) separated by commas"
    if not isinstance(value, str):
        return value
    if not all(re.fullmatch(r"-?[0-9]{1,16}", item) for item in _items(value)):
        raise ValueError(wants)
    ids = frozenset(map(int, _items(value)))
    if not all(0 < abs(number) < _MAX_TELEGRAM_ID for number in ids):
        raise ValueError(wants)
    return ids


def _api_keys(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not all(re.fullmatch(r"[!-~]{16,}", item) for item in _items(value)):
        raise ValueError("keys of at least 16 visible ASCII characters each, separated by commas")
    return tuple(dict.fromkeys(_items(value)))


def _origins(value: object) -> object:
    if not isinstance(value, str):
        return value
    origins = [item.lower() for item in _items(value)]
    if not all(origin == "*" or (_is_plain_url(origin) and not urlsplit(origin).path) for origin in origins):
        raise ValueError("origins such as https://shop.example separated by commas, without path, or *")
    return tuple(dict.fromkeys(origins))


def _zone(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value == "UTC":
        return UTC  # needs no time zone database, which a small machine may lack
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, such as "Asia"
        raise ValueError("a name of the IANA time zone database such as Asia/Seoul") from None


def _directory(value: Path) -> Path:
    directory = value.expanduser()
    if directory.exists() and not directory.is_dir():
        raise ValueError("a directory (it is made when missing)")
    return directory


def _without_slash(value: Any) -> Any:
    return value.removesuffix("/") if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


BotToken = Annotated[
    SecretStr,
    _secret(
        _matches(r"[0-9]{3,20}:[A-Za-z0-9_-]{30,100}", "a token as BotFather gives it: digits, a colon, 35 characters")
    ),
]
TelegramSecretToken = Annotated[
    SecretStr, _secret(_matches(r"[A-Za-z0-9_-]{1,256}", "1 to 256 characters of A-Z, a-z, 0-9, _ and -"))
]
ReplicateToken = Annotated[
    SecretStr, _secret(_matches(r"r8_[!-~]{10,200}", "a token that starts with r8_, visible ASCII without spaces"))
]
WebhookSigningSecret = Annotated[SecretStr, _secret(_signing_secret)]
AccessKey = Annotated[SecretStr, _secret(_matches(r"[!-~]{1,256}", "visible ASCII characters without spaces"))]
MetricsToken = Annotated[
    SecretStr, _secret(_matches(r"[!-~]{8,256}", "at least 8 visible ASCII characters without spaces"))
]
ApiKeys = Annotated[tuple[SecretStr, ...], BeforeValidator(_api_keys)]
Origins = Annotated[tuple[str, ...], BeforeValidator(_origins)]
QueueUrl = Annotated[SecretStr, _secret(_queue_url)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Url = Annotated[str, AfterValidator(_url)]
# The standard lets it end with a slash: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
CollectorUrl = Annotated[str, BeforeValidator(_without_slash), AfterValidator(_url)]
ReplicateUrl = Annotated[str, AfterValidator(_replicate_url)]
Host = Annotated[str, AfterValidator(_host)]
Hosts = Annotated[tuple[str, ...], BeforeValidator(_hosts)]
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
Bucket = Annotated[
    str,
    AfterValidator(
        _matches(
            r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            "a bucket name: 3 to 63 of a-z, 0-9, dot and hyphen, beginning and ending with a letter or digit",
        )
    ),
]
Region = Annotated[str, AfterValidator(_matches(r"[a-z0-9-]{2,40}", "a region name such as us-east-1"))]
Ids = Annotated[frozenset[int], BeforeValidator(_ids)]
Zone = Annotated[tzinfo, BeforeValidator(_zone)]
Directory = Annotated[Path, AfterValidator(_directory)]
LowerCase = BeforeValidator(_lower)
