"""What can be wrong with the engine behind the queue; without its client, which is not needed to say so."""


class EngineRefusedError(Exception):
    """Only the operator helps: wrong credentials, missing permission, or no Redis at all; `fix` says how."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}; {fix}")
        self.what, self.fix = what, fix
