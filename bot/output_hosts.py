"""From where results may be fetched: a prediction's output URL is untrusted input."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether the host name or address can only mean this machine."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


@dataclass(frozen=True, slots=True)
class OutputHosts:
    """The allow-list for output URLs and each of their redirects.

    A name stands for itself and its subdomains, an address for itself. `https` names may be read over TLS
    only; `plain` ones (this machine, the mock) over http too.
    """

    https: frozenset[str]
    plain: frozenset[str] = frozenset()

    def allows(self, url: str) -> bool:
        """Whether the URL may be fetched; anything that is not a well-formed http(s) URL may not."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return False
        if not host or parts.username is not None or parts.password is not None:
            return False
        match parts.scheme:
            case "https":
                return _covers(self.https | self.plain, host)
            case "http":
                return _covers(self.plain, host)
            case _:
                return False


def _covers(names: frozenset[str], host: str) -> bool:
    host = host.rstrip(".").lower()
    return any(host == name or (host.endswith(f".{name}") and not _is_address(name)) for name in names)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
