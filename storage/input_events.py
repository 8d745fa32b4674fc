"""What can happen to a picture that a job works on, on its way to where Replicate can read it."""

from dataclasses import dataclass, replace

from storage.event import Event
from storage.job import Job


@dataclass(frozen=True, slots=True)
class InputStored(Event):
    """An input was fetched, checked and stored."""

    index: int
    key: str
    content_type: str
    width: int
    height: int

    def fold(self, job: Job) -> Job:
        """The input has a key from now on."""
        stored = replace(
            job.inputs[self.index],
            key=self.key,
            content_type=self.content_type,
            width=self.width,
            height=self.height,
        )
        return job.with_input(self.index, stored)


@dataclass(frozen=True, slots=True)
class InputPublished(Event):
    """An input was uploaded to where Replicate can read it."""

    index: int
    link: str

    def fold(self, job: Job) -> Job:
        """The link tells our predictions from others, should their create answer be lost."""
        return job.with_input(self.index, replace(job.inputs[self.index], link=self.link))
