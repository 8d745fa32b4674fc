"""`python -m mock_server`: the mock Replicate alone, for a bot or a script in another process."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

USAGE_HINT = """\
Mock Replicate on {url}  (predictions take {delay} s; stop with Ctrl+C)

  the bot          REPLICATE_MODE=mock REPLICATE_BASE_URL={url} REPLICATE_API_TOKEN={token}
  Python client    replicate.Client(api_token="{token}", base_url="{url}")
  npm client       new Replicate({{auth: "{token}", baseUrl: "{url}/v1"}})
  webhook secret   curl -H "Authorization: Bearer {token}" {url}/v1/webhooks/default/secret
  make it fail     "prompt": "a cat [mock:fail=oom]", or PUT {url}/_mock/scenario
  look inside      curl {url}/_mock/journal
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return asyncio.run(_serve(options))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"mock_server: {error}\n")
        return 2


def _delay_range(text: str) -> tuple[float, float]:
    shortest, _, longest = text.partition("-")
    try:
        low, high = float(shortest), float(longest or shortest)
    except ValueError:
        raise argparse.ArgumentTypeError("seconds, such as 3 or 2-5") from None
    if not 0 <= low <= high < float("inf"):
        raise argparse.ArgumentTypeError("the shorter time first, such as 2-5")
    return low, high


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mock_server", description="An imitation of Replicate's HTTP API for development."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8001, help="port, 0 for any free one (default: %(default)s)")
    parser.add_argument(
        "--delay", type=_delay_range, default=(2.0, 5.0), metavar="S[-S]", help="life of a prediction (default: 2-5)"
    )
    parser.add_argument("--public-url", metavar="URL", help="origin to write into answers, if not the caller's Host")
    parser.add_argument("--seed", type=int, help="fixes the drawn delays and seeds")
    parser.add_argument(
        "--token",
        default=os.environ.get("MOCK_REPLICATE_TOKEN"),
        help="the only API token let in (default: MOCK_REPLICATE_TOKEN, else any)",
    )
    parser.add_argument(
        "--webhook-secret",
        default=os.environ.get("MOCK_REPLICATE_WEBHOOK_SECRET"),
        metavar="whsec_…",
        help="signs webhooks (default: MOCK_REPLICATE_WEBHOOK_SECRET, else a new one)",
    )
    return parser


async def _serve(options: argparse.Namespace) -> int:
    # Imported here so that --help and a mistyped option answer at once.
    from mock_server.replicate.config import MockReplicateConfig  # noqa: PLC0415
    from mock_server.replicate.server import run_mock_replicate  # noqa: PLC0415

    optional: dict[str, Any] = {"webhook_secret": options.webhook_secret} if options.webhook_secret else {}
    config = MockReplicateConfig(
        host=options.host,
        port=options.port,
        delay_s=options.delay,
        api_token=options.token or None,
        random_seed=options.seed,
        public_url=options.public_url.rstrip("/") if options.public_url else None,
        **optional,
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with run_mock_replicate(config) as mock:
        shown_token = "$MOCK_REPLICATE_TOKEN" if options.token else "r8_anything"
        delay = "-".join(f"{seconds:g}" for seconds in options.delay)
        sys.stdout.write(USAGE_HINT.format(url=mock.base_url, delay=delay, token=shown_token))
        sys.stdout.flush()
        await stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
