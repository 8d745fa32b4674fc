"""What can be wrong with the engine behind the queue; without its client, which is not needed to say so."""


class EngineRefusedError(Exception):
    """Only the operator helps: wrong credentials, missing permission, or no Redis at all. The message says what."""
