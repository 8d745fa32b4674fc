"""`python -m mock_server.telegram`: the emulated Telegram alone, with its page, for any bot in another process."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from typing import get_args

from mock_server.telegram.config import FAKE_BOT_TOKEN, FloodMode, TelegramEmulatorConfig
from mock_server.telegram.server import run_telegram_emulator

_EXIT_OK, _EXIT_REFUSED = 0, 2

USAGE_HINT = """\
Emulated Telegram on {url}  (stop with Ctrl+C)

  chat page     {url}
  bot token     {token}
  aiogram       AiohttpSession(api=TelegramAPIServer.from_base("{url}"))
  any client    {url}/bot<token>/<method>, {url}/file/bot<token>/<path>
  tests         async with connect("{url}") as telegram: ...   (mock_server.telegram.client)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM; the exit code."""
    options = _parser().parse_args(arguments)
    if os.environ.get("BOT_TOKEN") not in {None, "", FAKE_BOT_TOKEN}:
        sys.stderr.write("BOT_TOKEN is set: no emulator beside a real bot. Unset it for this command.\n")
        return _EXIT_REFUSED
    try:
        config = TelegramEmulatorConfig(port=options.port, flood=options.flood, group_privacy=options.group_privacy)
        return asyncio.run(_serve(config))
    except OSError as error:
        sys.stderr.write(f"mock_server.telegram: {error}\n")
        return _EXIT_REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mock_server.telegram",
        description="An imitation of Telegram's Bot API with people to chat with, on 127.0.0.1 only.",
    )
    parser.add_argument("--port", type=int, default=8081, help="port, 0 for any free one (default: %(default)s)")
    parser.add_argument(
        "--flood", choices=get_args(FloodMode), default="off", help="limits on how fast a bot may send (default: off)"
    )
    parser.add_argument("--group-privacy", action="store_true", help="in groups the bot gets only what is meant for it")
    return parser


async def _serve(config: TelegramEmulatorConfig) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with run_telegram_emulator(config) as emulator:
        sys.stdout.write(USAGE_HINT.format(url=emulator.base_url, token=emulator.bot_token))
        sys.stdout.flush()
        await stop.wait()
    return _EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
