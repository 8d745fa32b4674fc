"""Whether this machine's clock is right, by the `Date` headers of the outside parties.

S3 refuses requests that are 15 minutes off, callbacks older than five minutes are refused by us, and links expire.
"""

import asyncio
import time
from email.utils import parsedate_to_datetime

from bot.addresses import host_of
from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part
from bot.http_probe import NotReachedError, ask
from bot.settings import Settings

CLOCK = Part("clock")

_WARN_S = 60.0
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html: RequestTimeTooSkewed
_S3_LIMIT_S = 15 * 60.0
_SET_CLOCK = "set the clock of this machine, best by NTP"


async def check_clock(context: Context) -> Finding:
    """The largest difference to an outside party."""
    urls = _parties(context.settings)
    told = await asyncio.gather(*(_ahead_s(context, url) for url in urls))
    known = [(ahead_s, url) for ahead_s, url in zip(told, urls, strict=True) if ahead_s is not None]
    if not known:
        return CLOCK.skipped("nobody told the time")
    ahead_s, url = max(known, key=lambda one: abs(one[0]))
    if abs(ahead_s) <= _WARN_S:
        return CLOCK.ok(f"within {max(1, round(abs(ahead_s)))} s of the clocks of {len(known)} outside parties")
    what = f"this machine is {abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} {host_of(url)}"
    if context.settings.s3_bucket is not None and abs(ahead_s) > _S3_LIMIT_S:
        return CLOCK.failed(f"{what}; S3 refuses requests that are 15 minutes off", _SET_CLOCK)
    return CLOCK.warning(what, _SET_CLOCK)


def _parties(settings: Settings) -> list[str]:
    storage = settings.s3_endpoint_url or f"https://s3.{settings.aws_region}.amazonaws.com"
    parties = [settings.telegram_api_url, settings.replicate_base_url, storage if settings.s3_bucket else None]
    return [url for url in parties if url]


async def _ahead_s(context: Context, url: str) -> float | None:
    """How far our clock is ahead of that server's; None when it does not tell."""
    begin = time.time()
    try:
        answer = await ask(context.http, f"{url}/")  # whatever the status, an answer has a date
        told = parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except (NotReachedError, ValueError, OverflowError):
        return None
    # The header has whole seconds, and the answer was made somewhere between question and receipt.
    return (begin + time.time()) / 2 - (told + 0.5)
