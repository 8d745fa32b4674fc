"""What a sentence may show of an address, and of why nobody was reached there: no path, no credentials."""

import os
from urllib.parse import urlsplit


def host_of(url: str) -> str:
    """The host of a URL, and its port if it names one."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def why_unreached(error: BaseException) -> str:
    """A few words, from the innermost error that the system has words for."""
    reason = type(error).__name__
    inner: BaseException | None = error
    while inner is not None:
        match inner:
            case TimeoutError(errno=None):
                reason = "no answer in time"
            case OSError(errno=int(number)) if number < 0:  # of the look-up of a name
                reason = "the name is not known"
            case OSError(errno=int(number)) if number > 0:
                reason = os.strerror(number).lower()
        inner = inner.__cause__ or inner.__context__
    return reason
