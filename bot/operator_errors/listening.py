"""An address that cannot be listened on, and the setting that it comes from."""

import errno
import os
from typing import Final

_NO_SUCH_HERE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM})


class CannotListenError(Exception):
    """Host and port, both of which settings name, cannot be listened on; `fix` says what to do."""

    def __init__(self, error: OSError, host: str, port: int, *, setting: str) -> None:
        """`setting` is the variable that names the port."""
        self.is_taken = error.errno == errno.EADDRINUSE
        what, self.fix = _what_and_fix(error, host, port, setting)
        super().__init__(what)


def _what_and_fix(error: OSError, host: str, port: int, setting: str) -> tuple[str, str]:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    number = error.errno or 0
    if number == errno.EADDRINUSE:
        return f"{place} is in use by another process", f"{setting}: name another port, or stop that process"
    if number in _FORBIDDEN:
        return f"{place} may not be listened on by this user", f"{setting}: name a port from 1024 on"
    # A name that leads nowhere has a number of its own kind, below 0.
    if number in _NO_SUCH_HERE or number < 0:
        fix = "HOST: name an address of this machine, 0.0.0.0 for all of them, or nothing for 127.0.0.1"
        return f"{host} is no address of this machine", fix
    return f"{place} cannot be listened on: {os.strerror(number).lower()}", f"correct HOST or {setting}"
