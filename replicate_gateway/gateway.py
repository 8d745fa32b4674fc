"""Replicate through its official client, in that client's public API only.

What the client forgets is done below it (`transport`) and around it (`calls`); its parsed results are not
used, because they drop what `prediction` keeps. https://github.com/replicate/replicate-python
"""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from replicate.client import Client
from replicate.version import Versions

from replicate_gateway import errors
from replicate_gateway.aiohttp_transport import AiohttpTransport
from replicate_gateway.answers import Subject
from replicate_gateway.api_token import header_problem
from replicate_gateway.calls import ApiCalls, CallLimits, Send
from replicate_gateway.create_call import body_of, headers_of
from replicate_gateway.input_schema import input_fields
from replicate_gateway.latest_versions import LatestVersions
from replicate_gateway.models import ModelReference
from replicate_gateway.prediction import Prediction, is_prediction_id, parse_prediction
from replicate_gateway.protocol import Account, InputField, Listing, PredictionRequest, ReplicateGateway, StreamEvent
from replicate_gateway.streaming import PredictionStreams, StreamLimits
from replicate_gateway.transport import GuardedTransport

OFFICIAL_BASE_URL = "https://api.replicate.com"

_PREDICTIONS = "/v1/predictions"
_MAX_STREAMS = 64
_NOT_FOUND = 404
_MAX_PAGES = 50  # of 100 predictions each: three minutes of the busiest account that Replicate allows, and its bursts


class OfficialReplicateGateway(ReplicateGateway):
    """`ReplicateGateway` over one client; `open_gateway` makes it."""

    def __init__(self, client: Client, calls: ApiCalls, streams: PredictionStreams, limits: CallLimits) -> None:
        self._client = client
        self._streams = streams
        self._calls = calls
        self._limits = limits
        self._latest = LatestVersions(self._model_document)

    async def create(self, request: PredictionRequest) -> Prediction:
        """See `ReplicateGateway.create`."""
        clock = asyncio.get_running_loop().time
        end = clock() + self._limits.call_s
        send = await self._creation(request)
        try:
            document = await self._calls.once(
                send,
                subject=Subject.CREATION,
                limit_s=end - clock(),
                headers=headers_of(request),
                held_back_s=request.wait_s or 0.0,
            )
        except errors.ModelNotFoundError:
            self._latest.forget(request.model)
            raise
        try:
            return parse_prediction(document)
        except errors.GatewayProtocolError as error:
            raise errors.OutcomeUnknownError(error.detail) from error

    async def get(self, prediction_id: str) -> Prediction:
        """See `ReplicateGateway.get`."""
        return await self._prediction(self._client.predictions.async_get, prediction_id)

    async def cancel(self, prediction_id: str) -> Prediction:
        """See `ReplicateGateway.cancel`."""
        return await self._prediction(self._client.predictions.async_cancel, prediction_id)

    async def recent(self, *, created_after: datetime, created_before: datetime, limit: int) -> Listing:
        """See `ReplicateGateway.recent`. Servers that ignore the filters are filtered here."""
        since, until = created_after.astimezone(UTC), created_before.astimezone(UTC)
        query = urlencode({"created_after": _moment(since), "created_before": _moment(until)})
        found: dict[str, Prediction] = {}
        asked: set[str] = set()
        while query and query not in asked and len(asked) < _MAX_PAGES and len(found) <= limit:
            asked.add(query)
            page, query = await self._page(query)
            young = [one for one in page if one.created_at is None or one.created_at > since]
            found.update((one.id, one) for one in young if one.created_at is None or one.created_at < until)
            if len(young) < len(page):
                query = ""  # newest first: all that follows is older still
        newest = sorted(found.values(), key=lambda one: one.created_at or since, reverse=True)
        return Listing(newest[:limit], complete=not query and len(newest) <= limit)

    def stream(self, url: str) -> AsyncGenerator[StreamEvent, None]:
        """See `ReplicateGateway.stream`."""
        return self._streams.events(url)

    async def upload(self, content: bytes, *, filename: str, content_type: str) -> str:
        """See `ReplicateGateway.upload`. Repeating it at worst leaves a second copy that expires in a day."""
        send = partial(self._send_file, content, filename, content_type)
        document = await self._calls.repeated(send, subject=Subject.FILE, limit_s=self._limits.upload_s)
        return _required_text(_required(document, "urls", dict), "get")

    async def withdraw(self, url: str) -> None:
        """See `ReplicateGateway.withdraw`."""
        file_id = urlsplit(url).path.rpartition("/")[2]
        try:
            await self._calls.repeated(partial(self._client.files.async_delete, file_id), subject=Subject.FILE)
        except errors.GatewayProtocolError as error:
            if error.status != _NOT_FOUND:
                raise

    async def webhook_secret(self) -> str:
        """See `ReplicateGateway.webhook_secret`."""
        return _required_text(await self._read(self._client.webhooks.default.async_secret, Subject.ACCOUNT), "key")

    async def account(self) -> Account:
        """See `ReplicateGateway.account`."""
        document = await self._read(self._client.accounts.async_current, Subject.ACCOUNT)
        return Account(_required_text(document, "username"), _required_text(document, "type"))

    async def input_schema(self, model: ModelReference) -> dict[str, InputField]:
        """See `ReplicateGateway.input_schema`."""
        if model.deployment:
            model = await self._released(model)
        if model.owner is None or model.name is None:
            return {}
        if model.version is None:
            return input_fields(_required(await self._model_document(model), "latest_version", object))
        versions = Versions(self._client, (model.owner, model.name))
        return input_fields(await self._read(partial(versions.async_get, model.version), Subject.MODEL))

    async def _creation(self, request: PredictionRequest) -> Send:
        """The client's call that creates this prediction: by deployment, by name or by version."""
        model, options = request.model, body_of(request)
        if model.deployment:
            return partial(self._client.deployments.predictions.async_create, model.slug, **options)
        version = model.version
        if version is None and not model.official:
            version = await self._latest_version(model)
        if version is None:
            # Not predictions.async_create(model=…): that one drops arguments without a word.
            return partial(self._client.models.predictions.async_create, model.slug, **options)
        return partial(self._client.predictions.async_create, version, **options)

    async def _latest_version(self, model: ModelReference) -> str | None:
        try:
            async with asyncio.timeout(self._limits.look_up_s):
                return await self._latest.of(model)
        except TimeoutError as error:
            raise errors.GatewayUnavailableError("the model's version could not be looked up in time") from error

    async def _read(self, send: Send, subject: Subject) -> object:
        return await self._calls.repeated(send, subject=subject)

    async def _prediction(self, ask: Any, prediction_id: str) -> Prediction:
        if not is_prediction_id(prediction_id):
            raise errors.PredictionNotFoundError("a text that cannot be a prediction id")
        return parse_prediction(await self._read(partial(ask, prediction_id), Subject.PREDICTION))

    async def _page(self, query: str) -> tuple[list[Prediction], str]:
        """One page of predictions, and the query of the next one.

        Of the `next` URL only the query is used: whatever host it names, it is our own that gets the token.
        """
        send = partial(self._client.predictions.async_list, f"{_PREDICTIONS}?{query}")
        document = await self._read(send, Subject.ACCOUNT)
        page = [one for item in _required(document, "results", list) if (one := _readable(item))]
        following = document.get("next") if isinstance(document, dict) else None
        return page, urlsplit(following).query if isinstance(following, str) else ""

    async def _send_file(self, content: bytes, filename: str, content_type: str) -> object:
        # A fresh reader for each attempt.
        return await self._client.files.async_create(io.BytesIO(content), filename=filename, content_type=content_type)

    async def _model_document(self, model: ModelReference) -> object:
        return await self._read(partial(self._client.models.async_get, model.slug), Subject.MODEL)

    async def _released(self, deployment: ModelReference) -> ModelReference:
        """The model and version that a deployment runs now."""
        send = partial(self._client.deployments.async_get, deployment.slug)
        release = _required(await self._read(send, Subject.MODEL), "current_release", dict)
        name, version = _required_text(release, "model"), release.get("version")
        try:
            return ModelReference.parse(f"{name}:{version}" if version else name)
        except ValueError as error:
            raise errors.GatewayProtocolError("a deployment of a model that has no name") from error


@asynccontextmanager
async def open_gateway(
    *, api_token: str, base_url: str | None = None, limits: CallLimits | None = None
) -> AsyncIterator[OfficialReplicateGateway]:
    """Replicate at `base_url` (the official one if None; a trailing `/v1` is the client's own), closed at the end.

    Nothing is sent yet.

    Raises:
        CredentialsRefusedError: the token cannot be sent at all.
        GatewayProtocolError: the base URL is not an http(s) URL.
    """
    if problem := header_problem(api_token):
        raise errors.CredentialsRefusedError(problem)
    limits, root = limits or CallLimits(), _root(base_url or OFFICIAL_BASE_URL)
    # The client's own choice, which needs no certificates in the system; slow to load, so not for http.
    trust = httpx.create_ssl_context() if root.scheme == "https" else None
    connected = partial(AiohttpTransport, keepalive_s=limits.keepalive_s, trust=trust)
    # Streams last as long as predictions: they must not take the connections of calls.
    streamed = connected(max_connections=_MAX_STREAMS)
    transport = GuardedTransport(
        connected(max_connections=limits.max_connections),
        base_url=root,
        timeouts=limits.timeouts,
        max_answer_bytes=limits.max_answer_bytes,
    )
    client = Client(
        api_token=api_token,
        base_url=str(root),
        timeout=limits.timeouts,
        transport=transport,
        headers={"Accept-Encoding": "identity"},  # answers are small, and cannot grow while being unpacked
    )
    streams = PredictionStreams(streamed, base_url=root, api_token=api_token, limits=StreamLimits())
    try:
        yield OfficialReplicateGateway(client, ApiCalls(limits), streams, limits)
    finally:
        await transport.aclose()
        await streamed.aclose()


def _root(base_url: str) -> httpx.URL:
    try:
        root = httpx.URL(base_url.rstrip("/").removesuffix("/v1"))
    except httpx.InvalidURL as error:
        raise errors.GatewayProtocolError("the base URL is not a URL") from error
    if root.scheme not in {"http", "https"} or not root.host:
        raise errors.GatewayProtocolError("the base URL is not an http(s) URL")
    return root


def _readable(item: object) -> Prediction | None:
    """One entry of a page; an entry without an id cannot be anybody's orphan, and must not hide the others."""
    try:
        return parse_prediction(item)
    except errors.GatewayProtocolError:
        return None


def _required(document: object, key: str, kind: type[Any]) -> Any:
    value = document.get(key) if isinstance(document, dict) else None
    if not isinstance(value, kind):
        raise errors.GatewayProtocolError(f"an answer without a usable {key!r}")
    return value


def _moment(at: datetime) -> str:
    """As the API writes it."""
    return at.isoformat().replace("+00:00", "Z")


def _required_text(document: object, key: str) -> str:
    value: str = _required(document, key, str)
    if not value:
        raise errors.GatewayProtocolError(f"an answer with an empty {key!r}")
    return value
