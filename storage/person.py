"""What is remembered of a person beside their jobs: choices of theirs, and what admins decided about them."""

from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter

from storage.record_format import SCHEMA_VERSION
from storage.wishes import Delivery

MAX_VARIATIONS = 4
# As many as fit on one screen of buttons beside the others.
_RECENT_PRESETS = 4


@dataclass(frozen=True, slots=True)
class Person:
    """A person as they want to be served; everything has a default, so nobody has to be registered."""

    locale: str | None = None  # chosen; None follows the app
    preset: str | None = None  # what a photo without words is for; None is the house's own
    recent_presets: tuple[str, ...] = ()  # last used first
    delivery: Delivery = Delivery.PHOTO
    ask_first: bool = False  # what a photo is for
    variations: int = 1
    banned: bool = False
    daily_jobs: int | None = None  # None is everybody's limit
    feedback_until: datetime | None = None  # until then the next text is for the admins
    v: int = SCHEMA_VERSION

    def having_used(self, preset: str) -> "Person":
        """The same person after a job with this preset."""
        others = (name for name in self.recent_presets if name != preset)
        return replace(self, recent_presets=(preset, *others)[:_RECENT_PRESETS])


PERSON: TypeAdapter[Person] = TypeAdapter(Person)
