"""aiogram reads all certificates for each session, which takes as long as a bot needs to take a photo in."""

import ssl
from functools import cache
from types import SimpleNamespace


def read_certificates_once() -> None:
    """From now on each session of aiogram in this process has the same; no test gets to use them."""
    from aiogram.client.session import aiohttp

    aiohttp.ssl = SimpleNamespace(create_default_context=cache(ssl.create_default_context))
