"""Which addresses a caller's URL may lead to: those of the public internet, and nothing next door.

A caller who names a URL makes this machine ask for it. From here that reaches what the caller cannot: the cloud's
metadata service, a database on the same network, this very bot. https://owasp.org/www-community/attacks/SSRF
"""

import ipaddress

# They carry an IPv4 address in their last 32 bits, which a translator on the way would connect to (RFC 6052, RFC 8215).
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


def is_public(address: str) -> bool:
    """Whether the IPv4 or IPv6 address is one of the public internet; False for what is no address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    inner = _inner(ip)
    if inner is not None:
        return _is_global(inner)
    return _is_global(ip)


def _inner(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if any(ip in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def _is_global(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    special = ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local or ip.is_unspecified
    site_local = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
    return ip.is_global and not special and not site_local
