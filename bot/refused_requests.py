"""Log lines about refused requests: few for each sender, and few for all of them together."""

import ipaddress
import time
from collections.abc import Callable

import structlog

from bot.log_throttle import LogThrottle

_LINES_PER_SENDER = 5
_LINES_IN_ALL = 60
# Whoever has one IPv6 address has all of its network: https://www.rfc-editor.org/rfc/rfc6177
_V6_NETWORK_BITS = 64

_log = structlog.get_logger()


class RefusedRequests:
    """At most five lines a minute per sender and reason; the next after a silence tells how many were left out.

    Behind a proxy all senders are one: then the reasons at least do not hide each other.
    """

    def __init__(
        self, now: Callable[[], float] = time.monotonic, counted: Callable[[str], None] = lambda _: None
    ) -> None:
        self._of_sender, self._of_all = LogThrottle(_LINES_PER_SENDER, now=now), LogThrottle(_LINES_IN_ALL, now=now)
        self._counted = counted

    def note(self, reason: str, address: str | None) -> None:
        """A request was refused."""
        self._counted(reason)
        address = address or "unknown"
        left_out = self._of_sender.left_out(f"{_sender(address)} {reason}")
        if left_out is None:
            return
        others_left_out = self._of_all.left_out("")
        if others_left_out is not None:
            _log.warning("request_refused", reason=reason, address=address, left_out=left_out + others_left_out)


def _sender(address: str) -> str:
    """Whom the address stands for: itself, or the network that one IPv6 address is as good as."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and not parsed.ipv4_mapped:
        return str(ipaddress.ip_network((parsed, _V6_NETWORK_BITS), strict=False))
    return address
