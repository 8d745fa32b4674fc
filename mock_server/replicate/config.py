"""How one mock Replicate behaves: every number a test, the sandbox or the command line may want to change."""

import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mock_server.replicate.scenario import Scenario
from mock_server.replicate.signing import generate_webhook_secret, signing_key

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class MockReplicateConfig:
    """Settings of one mock server; every duration in seconds.

    Raises:
        ValueError: a delay range that is negative or upside down, a page without rows, or a webhook secret that is no
            `whsec_…`.
    """

    delay_s: tuple[float, float] = (2.0, 5.0)
    """Shortest and longest life of a prediction, drawn evenly between them."""
    webhook_secret: str = field(default_factory=generate_webhook_secret, repr=False)
    files_signing_secret: str = field(default_factory=secrets.token_hex, repr=False)
    """Signs links to the bytes of uploads."""
    api_token: str | None = field(default=None, repr=False)
    """The only token let in; None lets in any token that is not empty."""
    scenario: Scenario = field(default_factory=Scenario)
    """The global scenario at the start and after a reset."""
    output_ttl_s: float = 3600
    """How long an output can be downloaded."""
    retention_s: float = 3600
    """How long after its end a prediction still shows input, output and logs."""
    rate_limit_creates_per_min: int = 600
    """Predictions created per minute, with a burst of as many; 0 is no limit."""
    rate_limit_requests_per_min: int = 3000
    """All other calls of the API per minute; 0 is no limit."""
    random_seed: int | None = None
    """Fixes the drawn delays and the seeds of models called without one. Ids stay random."""
    page_size: int = 100
    """Rows on a page of a list."""
    host: str = "127.0.0.1"
    port: int = 0
    """0 lets the system choose a free port."""
    public_url: str | None = None
    """Origin to write into answers; None repeats the Host each create call came in with."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """Serve https with this certificate: official clients make file objects of https URLs only."""
    max_input_bytes: int = 32 * MEBIBYTE
    """Largest picture a model fetches."""
    max_body_bytes: int = 16 * MEBIBYTE
    """Largest JSON body of a call."""
    max_file_bytes: int = 100 * MEBIBYTE
    """Largest upload to /v1/files."""
    input_timeout_s: float = 20
    """How long a model waits for its input URL, all in all."""
    shortest_cancel_after_s: int = 5
    """Smallest `Cancel-After` that is taken."""
    webhook_timeout_s: float = 10
    """How long a receiver may take to answer one delivery."""
    webhook_retry_base_s: float = 1
    """Pause before the first repeat of a final webhook; each further pause is twice as long."""
    webhook_give_up_s: float = 60
    """How long after the end of a prediction its final webhook is still repeated."""
    webhook_throttle_s: float = 0.5
    """Shortest time between two `output`, and between two `logs` webhooks of a prediction."""
    max_predictions: int = 20_000
    """How many finished predictions are remembered; the oldest are forgotten first."""
    journal_size: int = 2_000
    """How many calls, and how many deliveries, the journal keeps."""
    clock: Callable[[], float] = time.time
    """Seconds since 1970 that time stamps and expiry start from; `MockControl.advance` pushes them ahead."""

    def __post_init__(self) -> None:
        """Refuses what could only fail later."""
        shortest, longest = self.delay_s
        if not 0 <= shortest <= longest:
            raise ValueError(f"delay_s wants 0 <= shortest <= longest, got {self.delay_s}")
        if self.page_size < 1:
            raise ValueError(f"page_size wants 1 or more, got {self.page_size}")
        signing_key(self.webhook_secret)
