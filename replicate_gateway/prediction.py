"""What Replicate says about one run, read from API answers and callbacks alike.

The official client's own parser refuses documents that the API really sends (status `aborted`, a null
version) and drops fields we need, so documents are read here. Nothing but `id` and `status` is required.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from replicate_gateway.errors import GatewayProtocolError

# Real ids are 26 characters of lower-case base32; they become parts of URLs and of object keys.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_STATUS_CHARS = 64
_MAX_PREDICT_TIME_S = 1e9  # larger is not a duration

_MAX_OUTPUT_DEPTH = 8
_MAX_OUTPUT_URLS = 100
_MAX_OUTPUT_NODES = 10_000


class PredictionStatus(StrEnum):
    """Replicate's own lifecycle. https://replicate.com/docs/topics/predictions/lifecycle."""

    STARTING = "starting"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    ABORTED = "aborted"
    UNKNOWN = "unknown"
    """A word this code does not know; `Prediction.raw_status` keeps it."""

    @property
    def terminal(self) -> bool:
        """Whether the prediction will never change again."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {PredictionStatus.SUCCEEDED, PredictionStatus.FAILED, PredictionStatus.CANCELED, PredictionStatus.ABORTED}
)
_STATUSES = {status.value: status for status in PredictionStatus}


@dataclass(frozen=True, slots=True)
class Prediction:
    """One run at Replicate as of one answer or callback."""

    id: str
    status: PredictionStatus
    raw_status: str
    output: Any = None
    """Any JSON value; `output_urls` finds the files in it."""
    error: str | None = None
    logs: str = ""
    model: str | None = None
    version: str | None = None
    input: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    predict_time_s: float | None = None
    stream_url: str | None = None
    webhook: str | None = None
    """The callback URL given at creation; its query tells an orphan's job."""
    data_removed: bool = False


def read_json(body: bytes) -> object:
    """The JSON value in `body`.

    Raises:
        ValueError: not UTF-8, not JSON (`NaN` is not), or nested too deeply to be read.
    """
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def is_prediction_id(text: str) -> bool:
    """Whether `text` can be a prediction id, and so is safe in a URL path and an object key."""
    return _ID.fullmatch(text) is not None


def parse_prediction(document: object) -> Prediction:
    """The prediction that a decoded JSON document describes; missing, null and unknown fields are fine.

    Raises:
        GatewayProtocolError: there is no usable id or status.
    """
    if not isinstance(document, dict):
        raise GatewayProtocolError("a prediction is not a JSON object")
    prediction_id, raw_status = document.get("id"), document.get("status")
    if not isinstance(prediction_id, str) or not is_prediction_id(prediction_id):
        raise GatewayProtocolError("a prediction without a usable id")
    if not isinstance(raw_status, str) or not raw_status:
        raise GatewayProtocolError("a prediction without a usable status")
    urls, run_input, metrics = (_mapping(document.get(key)) for key in ("urls", "input", "metrics"))
    return Prediction(
        id=prediction_id,
        status=_STATUSES.get(raw_status, PredictionStatus.UNKNOWN),
        raw_status=raw_status[:_MAX_STATUS_CHARS],
        output=document.get("output"),
        error=_error(document.get("error")),
        logs=_logs(document.get("logs")),
        model=_text(document.get("model")),
        version=_text(document.get("version")),
        input=run_input,
        created_at=_moment(document.get("created_at")),
        started_at=_moment(document.get("started_at")),
        completed_at=_moment(document.get("completed_at")),
        predict_time_s=_duration_s(metrics.get("predict_time")),
        stream_url=_text(urls.get("stream")),
        webhook=_text(document.get("webhook")),
        data_removed=document.get("data_removed") is True,
    )


def output_urls(output: object) -> tuple[str, ...]:
    """The http(s) and data URIs in an output, in order and each once; depth and number are bounded."""
    found: dict[str, None] = {}
    for text in _strings(output):
        if _is_uri(text):
            found[text] = None
            if len(found) >= _MAX_OUTPUT_URLS:
                break
    return tuple(found)


def output_text(output: object) -> str:
    """What a model that writes has written so far: a text, or its pieces in order; empty for anything else."""
    match output:
        case str():
            return output
        case list():
            return "".join(piece for piece in output if isinstance(piece, str))
        case _:
            return ""


def _strings(output: object) -> Iterator[str]:
    """The strings of a JSON value in document order; without recursion, so that depth costs no stack."""
    pending: list[tuple[object, int]] = [(output, 0)]
    for _ in range(_MAX_OUTPUT_NODES):
        if not pending:
            return
        node, depth = pending.pop()
        if isinstance(node, str):
            yield node
            continue
        children: list[object] = []
        if isinstance(node, Mapping):
            children = list(node.values())
        elif isinstance(node, list | tuple):
            children = list(node)
        if depth < _MAX_OUTPUT_DEPTH:
            pending.extend((child, depth + 1) for child in reversed(children))


def _is_uri(text: str) -> bool:
    scheme, separator, rest = text.partition(":")
    match scheme.lower():
        case "http" | "https":
            # Prose that only begins with a link is not a file.
            return rest.startswith("//") and len(rest) > 2 and not any(map(str.isspace, text))
        case "data":
            return bool(separator) and "," in rest
    return False


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _logs(value: object) -> str:
    """Some self-hosted models send lines as a list."""
    if isinstance(value, list):
        return "\n".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _error(value: object) -> str | None:
    """Errors are texts, but models have been seen to send objects; an empty one is none."""
    if value is None or isinstance(value, str):
        return value or None
    return json.dumps(value, ensure_ascii=False, default=str)


def _moment(value: object) -> datetime | None:
    """RFC 3339 with any number of fraction digits; without a zone it is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _duration_s(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= _MAX_PREDICT_TIME_S else None
