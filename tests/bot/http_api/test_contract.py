"""Every answer that the OpenAPI document promises, problems by their code, is given by something that a caller can do.

The answers themselves are held against the document by `tests.support.api.Contract`.
"""

import asyncio
import uuid
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.http_api.door import DOOR, offered
from bot.http_api.openapi import document
from tests.support.api import IMAGE_URL, KEY, Api, Contract, form, open_api
from tests.support.fakes import LIMITS, PHOTO, PRESETS, World, storage_down

JSON = {"Content-Type": "application/json"}


def requests():
    """One request for each operation."""
    task_id = uuid.UUID(int=1)
    return {
        "listPresets": ("GET", "/presets", {}),
        "startTask": ("POST", "/tasks", {"json": {"person_image": IMAGE_URL}}),
        "listTasks": ("GET", "/tasks", {}),
        "getTask": ("GET", f"/tasks/{task_id}", {}),
        "cancelTask": ("POST", f"/tasks/{task_id}/cancel", {}),
        "triggerWorker": ("POST", "/worker", {}),
    }


@asynccontextmanager
async def caller(contract, limits=LIMITS, **settings):
    world = World()
    async with open_api(world.start(limits), **settings) as api:
        yield Api(api.client, api.process, KEY, contract), world


async def common(contract):
    """What every operation may be answered with."""
    for method, path, options in requests().values():
        async with caller(contract) as (api, world):
            world.faults.fail("store", storage_down)
            await api.call(method, path, **options)
            world.faults.fail("store", ZeroDivisionError)
            await api.call(method, path, **options)
            api.key = "no key of ours"
            await api.call(method, path, **options)
        async with caller(contract, api_rate_limit=0.1) as (api, _):
            for _ in range(2):
                await api.call(method, path, **options)
        async with caller(contract, api_keys=()) as (api, _):
            await api.call(method, path, **options)


async def starting(contract):
    async with caller(contract) as (api, _):
        for body, headers in ((b"{", JSON), (b"{}", JSON), (b"x", {"Content-Type": "text/plain"}), (stalled(), JSON)):
            await api.call("POST", "/tasks", data=body, headers=headers)
        await api.start(prompt_hints="x" * 1_000_000)
        await api.upload(b"no picture")
        await api.start("order-1")
        await api.start("order-1", variations=2)
        await busy(api)
    async with caller(contract, replace(LIMITS, api_max_active=1)) as (api, _):
        await api.start()
        await api.process.run_ready()
        await api.start()
    async with caller(contract, replace(LIMITS, api_daily=1)) as (api, world):
        await api.start()
        await api.process.run_ready()
        world.replicate.succeed(world.replicate.running[0])
        await api.process.deliver_callbacks()
        await api.process.run_ready()
        await api.start()


async def stalled():
    yield b"{"
    await asyncio.Event().wait()


async def busy(api):
    places = api.client.app[DOOR].uploads
    while not places.locked():
        await places.acquire()
    await api.call("POST", "/tasks", data=form(PHOTO))


async def looking(contract):
    async with caller(contract) as (api, _):
        await api.call("POST", "/worker")
        task_id = (await api.start()).json["task_id"]
        await api.call("POST", "/worker")
        first = await api.task(task_id)
        await api.task(task_id, **{"If-None-Match": first.headers["ETag"]})
        await api.task(str(uuid.uuid4()))
        await api.call("POST", f"/tasks/{uuid.uuid4()}/cancel")
        await api.call("POST", f"/tasks/{task_id}/cancel")
        await api.process.run_ready()
        await api.call("POST", f"/tasks/{task_id}/cancel")
        await api.call("GET", "/tasks")
        await api.call("GET", "/tasks?limit=0")


async def test_every_documented_answer_can_be_met_and_looks_as_documented():
    contract = Contract(document(offered(PRESETS)))
    for story in (common, starting, looking):
        await story(contract)
    assert contract.documented - contract.met == set()
