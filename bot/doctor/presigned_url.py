"""Whether a presigned URL can be read the way Replicate will read it: plain HTTP, no credentials, the public host."""

import asyncio
import ipaddress
import re
import socket
from time import time
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from bot.addresses import host_of
from bot.composition.adapters import file_link_key
from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part
from bot.http_api.public_addresses import is_public
from bot.http_probe import Answer, NotReachedError, ask
from bot.operator_errors.storage import diagnose_storage
from bot.output_hosts import is_loopback
from bot.settings import Settings
from storage import object_keys
from storage.errors import StorageError
from storage.objects import ObjectStore
from storage.signed_links import sign_link

PRESIGNED_URL = Part("presigned_url")

_BODY = b"Darkroom reads this back through a presigned URL."
_TYPE = "text/plain"
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>")
_MOMENT_S = 60


async def check_presigned_url(context: Context) -> Finding:
    """Write an object, read it back through its link, remove it."""
    settings, store = context.settings, context.store
    if settings.s3_bucket is None and settings.replicate_mode == "real" and not settings.replicate_reaches_us:
        return PRESIGNED_URL.ok("not needed: without a public BASE_URL inputs are uploaded to Replicate")
    if isinstance(store, StorageError):
        return await _through_the_running_bot(context)
    key = f"{object_keys.PROBE}doctor-{uuid4().hex}.txt"
    try:
        await store.put(key, _BODY, content_type=_TYPE)
        try:
            return await _read_back(context, store, key)
        finally:
            await store.delete([key])
    except StorageError as error:
        return PRESIGNED_URL.failed(*diagnose_storage(error, settings))


async def _read_back(context: Context, store: ObjectStore, key: str) -> Finding:
    settings = context.settings
    url = await store.presigned_url(key, ttl_s=settings.presigned_url_ttl_s)
    host, setting = host_of(url), "BASE_URL" if settings.s3_bucket is None else "S3_PUBLIC_ENDPOINT_URL"
    if fault := form_fault(settings, url, key):
        return PRESIGNED_URL.failed(fault, f"correct {setting}: scheme and host of the storage, nothing after it")
    if settings.replicate_mode == "real" and _is_private(urlsplit(url).hostname or ""):
        what = f"links lead to {host}, which Replicate cannot reach"
        return PRESIGNED_URL.failed(what, f"set {setting} to the address that the internet uses")
    try:
        answer = await ask(context.http, url)
    except NotReachedError as error:
        fix = f"correct {setting}, or let the outside reach that host"
        return PRESIGNED_URL.failed(f"{host} cannot be read from: {error}", fix)
    if answer.status != 200 or answer.body != _BODY:
        return _misread(context, answer, host, setting)
    if settings.replicate_mode == "real" and (address := await _address_inside(urlsplit(url).hostname or "")):
        what = (
            f"links lead to {host}, which from here is {address}: Replicate can read them only if it is not for others"
        )
        return PRESIGNED_URL.warning(what, f"set {setting} to a name that leads to a public address")
    return PRESIGNED_URL.ok(f"read back over plain HTTP from {_form(url)}")


async def _address_inside(host: str) -> str | None:
    """The address that the name leads to, where it leads to none of the public internet."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return None  # a proxy reads it for us, and knows better
    addresses = [str(row[4][0]) for row in found]
    return None if any(map(is_public, addresses)) else next(iter(addresses), None)


def form_fault(settings: Settings, url: str, key: str) -> str | None:
    """What is wrong with the form of a link to `key` in an S3 bucket: path style where the endpoint is configured.

    https://yandex.cloud/en/docs/storage/concepts/pre-signed-urls
    """
    if settings.s3_bucket is None:
        return None
    address, _, query = url.partition("?")
    endpoint = settings.s3_public_endpoint_url
    if endpoint and address != f"{endpoint}/{settings.s3_bucket}/{key}":
        return f"links do not have the form {endpoint}/{settings.s3_bucket}/key?…"
    if parse_qs(query).get("X-Amz-Algorithm") != ["AWS4-HMAC-SHA256"]:
        return "links are not signed with signature version 4"
    return None


def _form(url: str) -> str:
    """The link without what makes it one."""
    return re.sub(r"/\.probe/.*", "/key?…", url, flags=re.DOTALL)


def _is_private(host: str) -> bool:
    """Whether the host means something on this machine or in this network only."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return is_loopback(host) or "." not in host


def _misread(context: Context, answer: Answer, host: str, setting: str) -> Finding:
    settings = context.settings
    if settings.s3_bucket is None and context.door is None:
        what = f"another process, not the bot of {settings.data_dir}, answers at {host} ({answer.status})"
        return PRESIGNED_URL.failed(what, f"stop what listens on port {settings.port}, or set PORT to a free one")
    code = _CODE.search(answer.body)
    why = f"{answer.status} {code[1].decode()}" if code else str(answer.status)
    if 300 <= answer.status < 400:
        fix = f"set {setting} to the address that it is redirected to"
    else:
        fix = f"correct {setting}; a proxy in between must not change the host, the path or the query"
    return PRESIGNED_URL.failed(f"{host} does not give the object for its link: {why}", fix)


async def _through_the_running_bot(context: Context) -> Finding:
    """Nothing can be written where the bot works; but it answers 404 to a link that is right and 403 to others."""
    settings = context.settings
    origin = settings.base_url or context.own_origin
    key, expires_at = f"{object_keys.PROBE}doctor-{uuid4().hex}", int(time()) + _MOMENT_S
    right, wrong = (
        origin + sign_link(signing_key, method="GET", key=key, expires_at=expires_at)
        for signing_key in (file_link_key(settings), uuid4().bytes)
    )
    try:
        answers = (await ask(context.http, right)).status, (await ask(context.http, wrong)).status
    except NotReachedError as error:
        what = f"the bot that owns {settings.data_dir} does not answer at {host_of(origin)}: {error}"
        return PRESIGNED_URL.warning(what, "use the bot's own HOST, PORT and BASE_URL here, or let BASE_URL lead to it")
    match answers:
        case 404, 403:
            return PRESIGNED_URL.ok(f"the bot that runs takes links at {host_of(origin)}, and refuses forged ones")
        case 403, 403:
            what = f"the bot that runs at {host_of(origin)} does not take links made with this BOT_TOKEN"
            return PRESIGNED_URL.warning(what, "examine with the BOT_TOKEN that the bot was started with")
        case _:
            what = f"what answers at {host_of(origin)} is not the bot that owns {settings.data_dir}"
            return PRESIGNED_URL.warning(what, "use the bot's own HOST, PORT and BASE_URL here")
