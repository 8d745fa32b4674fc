"""What goes in and out of the API. Requests are parsed, answers written and the OpenAPI document made from these.

Docstrings and descriptions here are published, so they speak to callers.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from storage.job import JobStatus

MAX_VARIATIONS = 4
# The most that any preset takes is 14, the person included.
MAX_GARMENTS = 13
_MAX_URL_CHARS = 2048
_MAX_HINT_CHARS = 2000
_MAX_USER_CHARS = 64

_ANY_STATUS = "pending: it waits for its turn; processing; completed, failed, canceled: it has ended."

ImageUrl = Annotated[
    str,
    Field(
        max_length=_MAX_URL_CHARS,
        # Visible ASCII, as URLs are.
        pattern=r"^https?://[!-~]+$",
        description="Where the picture can be fetched without credentials: https, on the public internet.",
        examples=["https://pictures.example/person.jpg"],
    ),
]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class TaskOptions(_Request):
    """What is wanted, apart from the pictures."""

    preset: str = Field("restore", description="The model to use.")
    prompt_hints: str = Field(
        "",
        max_length=_MAX_HINT_CHARS,
        description="Words for models that take them: what to change, what the garment is.",
    )
    variations: int = Field(
        1,
        ge=1,
        le=MAX_VARIATIONS,
        description="How many results of the same, each made by a run of its own with a seed of its own.",
    )
    user_id: str | None = Field(
        None,
        max_length=_MAX_USER_CHARS,
        pattern=r"^[!-~]+$",
        description="Whom you do this for, in your own words; it comes back with the task and means nothing to us.",
    )


class TaskRequest(TaskOptions):
    """A task whose pictures are fetched from URLs."""

    person_image: ImageUrl = Field(description="The photo to work on; for a try-on, the person.")
    garments: tuple[ImageUrl, ...] = Field(
        (),
        max_length=MAX_GARMENTS,
        description="Further pictures, for models that take several; one that takes one garment is run for each.",
    )


class TaskAccepted(_Answer):
    """A task is recorded and cannot get lost any more."""

    task_id: UUID
    status: JobStatus = Field(description=_ANY_STATUS)


class TaskImage(_Answer):
    """A picture that was given."""

    url: str | None = Field(description="A link to what was stored, until `urls_expire_at`; null before that.")
    content_type: str | None = None
    width: int | None = Field(None, description="Pixels.")
    height: int | None = Field(None, description="Pixels.")


class TaskResult(_Answer):
    """A picture that was made."""

    url: str = Field(description="A link to it, until `urls_expire_at`.")
    content_type: str
    width: int | None = Field(description="Pixels.")
    height: int | None = Field(description="Pixels.")
    size_bytes: int
    variation: int = Field(ge=1, description="Which of the variations it is.")
    garment: int | None = Field(description="Which of the garments it shows, from 0; null where a run takes them all.")
    seed: int | None = Field(description="The seed it was made with, if its model takes one.")


class TaskProgress(_Answer):
    """How far a task is."""

    stage: Literal["waiting", "preparing", "generating", "saving", "ended"]
    results_done: int = Field(ge=0, description="How many results have come to their end, well or not.")
    results_total: int = Field(ge=1, description="How many are to be made: variations, for each garment.")
    fraction: float = Field(ge=0, le=1, description="Of the way, roughly.")


class TaskError(_Answer):
    """Why a task failed."""

    code: str = Field(description="A stable word for programs.")
    message: str = Field(description="A sentence for people, in the language of `Accept-Language`.")


class TaskSummary(_Answer):
    """A task in a list."""

    task_id: UUID
    status: JobStatus = Field(description=_ANY_STATUS)
    user_id: str = Field(description="As you gave it, or else what stands for your key.")
    preset: str
    variations: int
    created_at: datetime
    updated_at: datetime = Field(description="When the task last changed in any way.")


class Task(TaskSummary):
    """Everything about a task."""

    prompt_hints: str
    person_image: TaskImage
    garments: tuple[TaskImage, ...]
    progress: TaskProgress
    result_url: str | None = Field(description="A link to the first result, for front ends that show one.")
    results: tuple[TaskResult, ...]
    urls_expire_at: datetime | None = Field(description="Ask again for fresh links before then.")
    error: TaskError | None


class TaskList(_Answer):
    """A page of tasks, newest first."""

    tasks: tuple[TaskSummary, ...]
    next_cursor: str | None = Field(description="Give it as `cursor` to get the next page; null on the last.")


class PresetOffer(_Answer):
    """A model that a task can name as its `preset`."""

    name: str = Field(description="What to give as `preset`.")
    title: str = Field(description="What people call it, in the language of `Accept-Language`.")
    icon: str = Field(description="An emoji to go with it; may be empty.")
    default: bool = Field(description="Whether this is what a task gets that names none.")
    min_garments: int = Field(ge=0, description="How many further pictures it needs beside the person's.")
    max_garments: int = Field(ge=0, description="How many it takes; where it works on one, it is run for each.")
    prompt_hints: Literal["unused", "optional", "required"] = Field(description="Whether it takes words.")
    seeds: bool = Field(description="Whether variations differ by a seed that comes back with the result.")
    typical_s: float = Field(description="Seconds that a run usually takes once the model is warm.")
    price_hint_usd: float = Field(description="Roughly what Replicate asks for a run; its page of the model counts.")


class PresetList(_Answer):
    """All presets, in the order in which people are shown them."""

    presets: tuple[PresetOffer, ...]


class Fault(_Answer):
    """One thing that is wrong with a request."""

    pointer: str = Field(description="Where, as a JSON pointer (RFC 6901); empty for the whole.")
    detail: str


class Problem(BaseModel):
    """Why a request was not done (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="A link to what is known about this kind of problem.")
    title: str
    status: int
    code: str = Field(description="A stable word for programs.")
    detail: str | None = None
    errors: tuple[Fault, ...] | None = None
