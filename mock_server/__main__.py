"""`python -m mock_server`: the mock Replicate alone, for a bot or a script in another process."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

    from mock_server.replicate.config import MockReplicateConfig

USAGE_HINT = """\
Mock Replicate on {url}  (predictions take {delay} s; scenario: {scenario}; stop with Ctrl+C)

  the bot          REPLICATE_MODE=mock REPLICATE_BASE_URL={url} REPLICATE_API_TOKEN={token}
  Python 1.x       replicate.Client(api_token="{token}", base_url="{url}")
  Python 2 beta    replicate.Replicate(bearer_token="{token}", base_url="{url}/v1")
  npm              new Replicate({{auth: "{token}", baseUrl: "{url}/v1"}})
  curl             curl -H "Authorization: Bearer {token}" -H "Prefer: wait" \\
                     -d '{{"input": {{"prompt": "a cat"}}}}' {url}/v1/models/any/model/predictions
  webhook secret   curl -H "Authorization: Bearer {token}" {url}/v1/webhooks/default/secret

  file objects     official clients make them of https and data URIs only: --scenario output=data_uri
  make it fail     "prompt": "a cat [mock:oom]"; --scenario slow; or while it runs:
                     curl -X PUT -d '{{"like": "down"}}' {url}/_mock/scenario
  an hour later    curl -d '{{"advance_s": 3600}}' {url}/_mock/time
  look inside      curl {url}/_mock/journal; all switches: {url}/_mock/openapi.json
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
    parser.add_argument(
        "--scenario",
        default=os.environ.get("MOCK_REPLICATE_SCENARIO", ""),
        metavar="NAME|FIELDS|FILE",
        help='how all predictions go: slow, "busy, webhook_copies=5", faults.toml (default: MOCK_REPLICATE_SCENARIO)',
    )
    parser.add_argument("--public-url", metavar="URL", help="origin to write into answers, if not the caller's Host")
    parser.add_argument("--tls-cert", metavar="FILE", help="serve https with this certificate (PEM)")
    parser.add_argument("--tls-key", metavar="FILE", help="its key, if it is in a file of its own")
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
    from mock_server.replicate.server import run_mock_replicate  # noqa: PLC0415

    config = _config(options)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with run_mock_replicate(config) as mock:
        shown_token = "$MOCK_REPLICATE_TOKEN" if options.token else "r8_anything"
        delay = "-".join(f"{seconds:g}" for seconds in options.delay)
        scenario = options.scenario or "all goes well"
        sys.stdout.write(USAGE_HINT.format(url=mock.base_url, delay=delay, token=shown_token, scenario=scenario))
        sys.stdout.flush()
        await stop.wait()
    return 0


def _config(options: argparse.Namespace) -> "MockReplicateConfig":
    from mock_server.replicate.config import MockReplicateConfig  # noqa: PLC0415
    from mock_server.replicate.scenario_reading import read_scenario  # noqa: PLC0415

    optional: dict[str, Any] = {"webhook_secret": options.webhook_secret} if options.webhook_secret else {}
    return MockReplicateConfig(
        host=options.host,
        port=options.port,
        delay_s=options.delay,
        scenario=read_scenario(options.scenario),
        api_token=options.token or None,
        random_seed=options.seed,
        public_url=options.public_url.rstrip("/") if options.public_url else None,
        tls=_tls(options),
        **optional,
    )


def _tls(options: argparse.Namespace) -> "ssl.SSLContext | None":
    if not options.tls_cert:
        return None
    import ssl  # noqa: PLC0415

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.tls_cert, options.tls_key)
    return context


if __name__ == "__main__":
    sys.exit(main())
