"""What is wrong and what mends it."""

from typing import NamedTuple


class Diagnosis(NamedTuple):
    """One sentence each; no secret is in either."""

    what: str
    fix: str
