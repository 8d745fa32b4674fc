"""`Peers` of a process that has its storage to itself."""

import uuid


class SoleProcess:
    """Whoever else left a claim is dead, since only one process may use the storage at a time."""

    def __init__(self) -> None:
        self._me = uuid.uuid4().hex[:12]

    @property
    def me(self) -> str:
        """The name of this run of this process."""
        return self._me

    def alive(self, run_id: str) -> bool:
        """Nobody is, but this process, and it never looks at a claim while it acts on it."""
        return False
