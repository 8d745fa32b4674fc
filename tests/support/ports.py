"""Ports for servers that have to know theirs before they listen."""

import atexit
import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# Below what the kernel gives to whoever asks for any port, as each outgoing connection does: such a port may be
# taken between the moment it is found free and the moment the server listens.
_PORTS = range(10_240, 32_768)
_LOCKS = Path(tempfile.gettempdir()) / f"darkroom-test-ports-{os.getuid()}"
_held: set[int] = set()
_untried = iter(random.sample(_PORTS, len(_PORTS)))
_locks = _LOCKS.open("ab")
atexit.register(_locks.close)


def free_port(*, twin: int = 0) -> int:
    """A port of this process alone until it ends, among all test processes; with `twin`, the one so far above too."""
    for port in _untried:
        wanted = {port, port + twin}
        if max(wanted) in _PORTS and not wanted & _held and all(_lock(each) and _is_free(each) for each in wanted):
            _held.update(wanted)
            return port
    raise AssertionError("no free port")


def _lock(port: int) -> bool:
    """Take the byte with the port's number in a file that all test processes share; it is let go with the process."""
    try:
        fcntl.lockf(_locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
