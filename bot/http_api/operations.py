"""What the API offers, described as data: the routes are mounted from it and the OpenAPI document is made from it."""

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from bot.http_api import presets, tasks
from bot.http_api.guarding import KeyHandler
from bot.http_api.models import PresetList, Task, TaskAccepted, TaskList
from storage.object_keys import CURSOR_PATTERN

# What any request with a key may be answered with; and what one that needs the storage.
_KEYED = ("unauthorized", "api_off", "rate_limited")
_COMMON = (*_KEYED, "internal", "unavailable")
_TASK_ID: dict[str, Any] = {"type": "string", "format": "uuid"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value in the path, the query or a header."""

    name: str
    where: Literal["path", "query", "header"]
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Success:
    """An answer that is no problem; `headers` by name with their meaning."""

    status: int
    description: str
    body: type[BaseModel] | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path below /api/v1."""

    name: str
    method: Literal["GET", "POST"]
    path: str
    handler: KeyHandler
    summary: str
    description: str
    successes: tuple[Success, ...]
    problems: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    takes_order: bool = False


_ID = Parameter("task_id", "path", "As the start gave it.", _TASK_ID)
_LANGUAGE = Parameter(
    "Accept-Language", "header", "The language of sentences for people: en, ru, pt-BR, ko.", {"type": "string"}
)
_AGAIN = {"Retry-After": "Look again in so many seconds; not given once the task has ended."}

OPERATIONS = (
    Operation(
        name="listPresets",
        method="GET",
        path="/presets",
        handler=presets.page,
        summary="List what can be done with a photo",
        description="For menus: each `preset` that a task can name, with its title in the caller's language.",
        successes=(Success(200, "All of them.", PresetList, {"Content-Language": "Of the titles."}),),
        problems=_KEYED,
        parameters=(_LANGUAGE,),
    ),
    Operation(
        name="startTask",
        method="POST",
        path="/tasks",
        handler=tasks.start,
        summary="Start a task",
        description=(
            "Answered as soon as the task is recorded; from then on it cannot get lost, and works by itself. Send an "
            "`Idempotency-Key` and repeat the request whenever you got no answer: the same key gives the same task."
        ),
        successes=(
            Success(
                202,
                "The task is recorded, now or by an earlier request with this Idempotency-Key.",
                TaskAccepted,
                {"Location": "Where to look for the task.", **_AGAIN},
            ),
        ),
        problems=(
            "malformed",
            "too_slow",
            "too_large",
            "unsupported_media_type",
            "invalid",
            "image_refused",
            "idempotency_key_reused",
            "too_many_active",
            "daily_quota",
            "busy",
            *_COMMON,
        ),
        parameters=(
            Parameter(
                "Idempotency-Key",
                "header",
                "Your own name for this request, unique among yours: a UUID, say.",
                {"type": "string", "pattern": "^[!-~]{1,255}$"},
            ),
            _LANGUAGE,
        ),
        takes_order=True,
    ),
    Operation(
        name="listTasks",
        method="GET",
        path="/tasks",
        handler=tasks.page,
        summary="List your tasks, newest first",
        description="All tasks that were started with your key.",
        successes=(Success(200, "A page.", TaskList),),
        problems=("invalid", *_COMMON),
        parameters=(
            Parameter(
                "limit",
                "query",
                "How many at most.",
                {"type": "integer", "minimum": 1, "maximum": tasks.MAX_PAGE, "default": tasks.DEFAULT_PAGE},
            ),
            Parameter(
                "cursor",
                "query",
                "The `next_cursor` of the page before.",
                {"type": "string", "pattern": f"^{CURSOR_PATTERN}$"},
            ),
        ),
    ),
    Operation(
        name="getTask",
        method="GET",
        path="/tasks/{task_id}",
        handler=tasks.show,
        summary="See how a task stands",
        description=(
            "Made to be asked every few seconds: send the `ETag` of the last answer as `If-None-Match`, and as long as "
            "nothing has changed you get 304 without a body."
        ),
        successes=(
            Success(
                200,
                "The task.",
                Task,
                {
                    "ETag": "Changes with the task, and when links are renewed.",
                    "Content-Language": "Of the sentences in it.",
                    **_AGAIN,
                },
            ),
            Success(304, "Nothing has changed.", None, {"ETag": "The same again.", **_AGAIN}),
        ),
        problems=("no_such_task", *_COMMON),
        parameters=(
            _ID,
            Parameter("If-None-Match", "header", "The `ETag` that you know.", {"type": "string"}),
            _LANGUAGE,
        ),
    ),
    Operation(
        name="cancelTask",
        method="POST",
        path="/tasks/{task_id}/cancel",
        handler=tasks.cancel,
        summary="Cancel a task",
        description="It becomes `canceled` a moment later, unless its result was decided already. May be repeated.",
        successes=(
            Success(200, "The task had ended already.", TaskAccepted),
            Success(202, "The wish is recorded.", TaskAccepted),
        ),
        problems=("no_such_task", *_COMMON),
        parameters=(_ID,),
    ),
    Operation(
        name="triggerWorker",
        method="POST",
        path="/worker",
        handler=tasks.work,
        summary="Have the first pending task processed",
        description=(
            "For an external cron or uptime monitor where the process may be put to sleep. Not needed otherwise: "
            "the worker runs by itself, and starting a task triggers it."
        ),
        successes=(
            Success(202, "This task, the oldest pending one, is being processed.", TaskAccepted),
            Success(204, "No task is pending."),
        ),
        problems=_COMMON,
    ),
)
