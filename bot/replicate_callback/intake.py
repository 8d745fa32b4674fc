"""Callbacks: verified against Replicate's signing secret and our own job reference, then recorded."""

from collections.abc import Mapping
from time import perf_counter

import structlog
from structlog.contextvars import bind_contextvars

from bot.app_keys import CallbackForgedError
from bot.jobs.callback_recorder import CallbackRecorder, CallbackResult
from bot.jobs.callback_reference import CallbackReference, JobReference, ReferenceForgedError
from bot.jobs.ports.clock import Clock
from bot.replicate_callback.signing_key import SigningKey
from replicate_gateway.errors import GatewayProtocolError
from replicate_gateway.prediction import Prediction, parse_prediction, read_json
from replicate_gateway.signature import SignatureRefusedError, SignedHeaders, read_headers

# https://replicate.com/docs/topics/webhooks/verify-webhook leaves the tolerance open; five minutes is what the
# Standard Webhooks libraries use.
TOLERANCE_S = 300

_log = structlog.get_logger()


class CallbackIntake:
    """Door 2 behind its route."""

    def __init__(
        self, recorder: CallbackRecorder, references: CallbackReference, signing_key: SigningKey, clock: Clock
    ) -> None:
        self._recorder, self._references = recorder, references
        self._signing_key, self._clock = signing_key, clock

    def admit(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        """See `bot.app_keys.Callbacks`."""
        self._claims(headers)
        self._reference(query)

    async def take(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> str:
        """See `bot.app_keys.Callbacks`. What is genuine but not understood is logged and counts as taken."""
        # Nobody has the key asked for who cannot even spell a callback.
        claims, reference = self._claims(headers), self._reference(query)
        key = await self._signing_key.get()
        try:
            webhook_id = claims.verify(key, body)
        except SignatureRefusedError as error:
            raise CallbackForgedError(str(error)) from error
        bind_contextvars(webhook_id=webhook_id)
        try:
            prediction = parse_prediction(read_json(body))
        except (GatewayProtocolError, ValueError) as error:
            _log.error("callback_unreadable", error=str(error))
            return "unreadable"
        return await self._record(reference, prediction)

    async def skip(self, query: Mapping[str, str]) -> None:
        """See `bot.app_keys.Callbacks`. Our own reference tells ours from a stranger's, whatever the body is."""
        reference = self._reference(query)
        if reference is None:
            raise CallbackForgedError("reference")
        _log.warning("callback_too_large")
        await self._recorder.ask(reference)

    async def _record(self, reference: JobReference | None, prediction: Prediction) -> str:
        bind_contextvars(prediction_id=prediction.id)
        started = perf_counter()
        result = await self._recorder.record(reference, prediction)
        # Progress may come twice a second for every prediction.
        log = _log.debug if result is CallbackResult.PROGRESS else _log.info
        ms = round((perf_counter() - started) * 1000, 1)
        log("callback_verified", status=prediction.raw_status, result=result.value, ms=ms)
        return result.value

    def _claims(self, headers: Mapping[str, str]) -> SignedHeaders:
        try:
            return read_headers(headers, tolerance_s=TOLERANCE_S, now_s=self._clock.now().timestamp())
        except SignatureRefusedError as error:
            raise CallbackForgedError(str(error)) from error

    def _reference(self, query: Mapping[str, str]) -> JobReference | None:
        """None when the URL carries no reference: then the task record leads to the job."""
        if "ref" not in query:
            return None
        try:
            return self._references.parse(query.get("job", ""), query.get("slot", ""), query["ref"])
        except ReferenceForgedError as error:
            raise CallbackForgedError("reference") from error
