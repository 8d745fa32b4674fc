"""What is wrong and what mends it."""

from typing import NamedTuple


class Cure(NamedTuple):
    """One sentence each; no secret is in either."""

    what: str
    fix: str
