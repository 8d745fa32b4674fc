"""What shall go wrong: one frozen value that says it all. `scenario_reading` makes it of text, JSON and files."""

from dataclasses import dataclass, field
from typing import Any, Literal

FAILURE_TEXTS = {
    "nsfw": "NSFW content detected. Try running it again, or try a different prompt.",
    "sensitive": (
        "The input or output was flagged as sensitive. Please try again with different inputs. (E005) (mock)"
    ),
    "oom": (
        "CUDA out of memory. Tried to allocate 2.25 GiB (GPU 0; 14.58 GiB total capacity; "
        "12.07 GiB already allocated; 1.31 GiB free; 12.83 GiB reserved in total by PyTorch)"
    ),
    "interrupted": "Prediction interrupted; please retry (code: PA)",
    "director": "Director: unexpected error handling prediction (E9828)",
    "generic": "Prediction failed for an unknown reason. It might have run out of memory? (exitcode -9)",
}
"""What Replicate and models on it really say, by the name a scenario uses."""


def _option(default: Any, meaning: str) -> Any:
    """A field with its meaning, which `/_mock/openapi.json` and the README repeat."""
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way for a prediction to go; the default is that all goes well. Each field carries its meaning."""

    chance: float = _option(1.0, "Share of the creates it befalls, 0 to 1; the others go well.")

    create_status: int | None = _option(None, "Answer the create call with this error (400 to 599) and create nothing.")
    create_html: bool = _option(
        default=False, meaning="That error is an HTML page, as the proxy in front of the API sends it."
    )
    retry_after_s: int = _option(7, "The wait a `create_status` or `api_status` of 429 tells, seconds.")
    retry_after_in: Literal["header", "body", "text", "nowhere"] = _option(
        "body",
        "Where it tells it: `header` (Retry-After), `body` (retry_after and text, low credit), `text` only, `nowhere`.",
    )
    create_delay_s: float = _option(0.0, "Answer the create call this much later; the prediction runs meanwhile.")
    create_dropped: bool = _option(
        default=False, meaning="Create the prediction, then cut the connection instead of answering."
    )
    api_status: int | None = _option(
        None, "Answer every other call of the API with this error (400 to 599). Only as the global scenario."
    )
    api_delay_s: float = _option(0.0, "Answer every other call this much later. Only as the global scenario.")

    queue_s: float = _option(0.0, "Wait this long in `starting`, as behind others.")
    cold_start_s: float = _option(
        0.0, "Boot this long in `starting`, when nobody ran the model within the last five minutes."
    )
    delay_s: float | None = _option(None, "Life of the prediction instead of the configured range, seconds.")
    delay_p95_s: float | None = _option(
        None, "Lives vary around the median `delay_s` (log-normal): 95 of 100 take at most this long."
    )
    hold: Literal["starting", "processing"] | None = _option(
        None, "Stay in this status, `starting` or `processing`, until released."
    )
    fail: str | None = _option(
        None,
        f"Fail: {', '.join(f'`{name}`' for name in FAILURE_TEXTS)} for what is really said, or the message itself.",
    )
    end: Literal["canceled", "aborted"] | None = _option(
        None, "End like this by itself: `canceled` while running, or `aborted` before the start."
    )

    webhook_lost: bool = _option(default=False, meaning="Send no webhook at all.")
    webhook_delay_s: float = _option(0.0, "Send each webhook this much after its event.")
    webhook_copies: int = _option(1, "Send each delivery this many times at once (1 to 100), with the same webhook-id.")
    webhook_early: bool = _option(
        default=False, meaning="Answer the create call only after the final webhook was tried."
    )
    webhook_out_of_order: bool = _option(
        default=False, meaning="Send the final webhook first, then the earlier ones, newest first."
    )
    webhook_signature: Literal["valid", "broken", "stale", "foreign", "missing"] = _option(
        "valid",
        "`broken`: one wrong character; `stale`: an hour old; `foreign`: another secret; `missing`: no headers.",
    )
    webhook_on_aborted: bool = _option(
        default=False,
        meaning="Send the final webhook after `aborted` too; whether Replicate does is undocumented.",
    )

    output: Literal[
        "url", "data_uri", "https", "gone", "too_large", "endless", "slow", "html", "redirect", "corrupt"
    ] = _option(
        "url",
        "What an output is: `url` of the mock; `data_uri`; `https`, a URL of replicate.delivery whose path the mock "
        "serves too; or a URL of the mock that is `gone` (404), `too_large` (with a Content-Length) or `endless` "
        "(without), `slow`, a page of `html`, a `redirect`, or half a picture (`corrupt`).",
    )
    output_as: Literal["string", "list", "object", "text"] | None = _option(
        None, "The shape of the output instead of the model's own: `string`, `list`, `object`, or `text` in pieces."
    )
    output_bytes: int = _option(
        64 * 1024 * 1024, "Size of a `too_large` output, and where an `endless` one ends after all."
    )
    output_slow_s: float = _option(60.0, "How long a `slow` output takes to arrive.")
    output_redirect_to: str = _option("http://elsewhere.invalid/picture.png", "Where a `redirect` leads.")
    stream_dropped: bool = _option(default=False, meaning="Cut every event stream of it in the middle.")
    stream_status: int | None = _option(None, "Answer its event stream with this error (400 to 599).")

    @property
    def failure_text(self) -> str | None:
        """The message of a prediction that fails, None when it does not."""
        return None if self.fail is None else FAILURE_TEXTS.get(self.fail, self.fail)
