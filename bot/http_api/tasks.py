"""The operations of the API. A task is a job: started here or in a chat, it goes the same way."""

import re
from contextlib import AsyncExitStack

from aiohttp import web
from pydantic import BaseModel

from bot.http_api.door import ApiDoor
from bot.http_api.languages import caller_locale, language_tag
from bot.http_api.models import TaskAccepted, TaskList
from bot.http_api.orders import read_order
from bot.http_api.problems import ProblemError, invalid
from bot.http_api.start import start_task
from bot.http_api.views import summary
from bot.jobs.errors import NoSuchJobError
from storage.job import Job
from storage.object_keys import is_cursor

TASKS = "/api/v1/tasks"
# How often a front end is advised to look.
POLL_AGAIN_S = 3
DEFAULT_PAGE, MAX_PAGE = 20, 100
_IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")


async def start(request: web.Request, door: ApiDoor, user: str) -> web.Response:
    """POST /tasks."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise invalid("", "Idempotency-Key: 1 to 255 visible ASCII characters")
    async with AsyncExitStack() as held:
        order = await read_order(request, door.inputs.limits.max_bytes, door.uploads, held)
        job = await start_task(door, user, key, order, _locale(request, door))
    headers = {"Location": f"{TASKS}/{job.id}", **_again(job)}
    return _json(_accepted(job), status=202, headers=headers)


async def show(request: web.Request, door: ApiDoor, user: str) -> web.Response:
    """GET /tasks/{task_id}: 304 while nothing has changed for the caller."""
    job = await _own(request, door, user)
    locale = _locale(request, door)
    rendered = await door.views.task(job, locale)
    headers = {
        "ETag": rendered.etag,
        "Cache-Control": "private, no-cache",
        "Content-Language": language_tag(locale),
        "Vary": "Accept-Language, Authorization, X-API-Key",
        **_again(job),
    }
    # Quoted as it is it can be part of no other tag; a proxy may have put W/ before it.
    if rendered.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=rendered.body, content_type="application/json", headers=headers)


async def cancel(request: web.Request, door: ApiDoor, user: str) -> web.Response:
    """POST /tasks/{task_id}/cancel: 202, or 200 when the task has ended already."""
    job = await _own(request, door, user)
    if not job.status.terminal:
        job = await door.service.cancel(job.id, user)
    return _json(_accepted(job), status=200 if job.status.terminal else 202)


async def page(request: web.Request, door: ApiDoor, user: str) -> web.Response:
    """GET /tasks."""
    limit, cursor = request.query.get("limit", str(DEFAULT_PAGE)), request.query.get("cursor")
    if not re.fullmatch(r"[0-9]{1,3}", limit) or not 1 <= int(limit) <= MAX_PAGE:
        raise invalid("", f"limit: a number from 1 to {MAX_PAGE}")
    if cursor is not None and not is_cursor(cursor):
        raise invalid("", "cursor: the next_cursor of another page")
    jobs, following = await door.board.page(user, limit=int(limit), after=cursor or "")
    return _json(TaskList(tasks=tuple(map(summary, jobs)), next_cursor=following))


async def work(_request: web.Request, door: ApiDoor, _user: str) -> web.Response:
    """POST /worker."""
    job = await door.board.trigger()
    return web.Response(status=204) if job is None else _json(_accepted(job), status=202)


async def _own(request: web.Request, door: ApiDoor, user: str) -> Job:
    try:
        return await door.board.find(request.match_info["task_id"], user)
    except NoSuchJobError as error:
        raise ProblemError("no_such_task") from error


def _again(job: Job) -> dict[str, str]:
    return {} if job.status.terminal else {"Retry-After": str(POLL_AGAIN_S)}


def _locale(request: web.Request, door: ApiDoor) -> str:
    return caller_locale(request, door.languages.locales, door.languages.default)


def _accepted(job: Job) -> TaskAccepted:
    return TaskAccepted.model_validate({"task_id": job.id, "status": job.status})


def _json(body: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=body.model_dump_json().encode(), status=status, content_type="application/json", headers=headers
    )
