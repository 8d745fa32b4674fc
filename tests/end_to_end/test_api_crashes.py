"""`kill -9` anywhere in the life of a task from the API: a front end that repeats what was not answered loses nothing.

What the steps do is the same as for a photo from a chat, and `test_crashes` kills at every boundary of theirs. Here it
is what only tasks have: uploads, the list, the record without a chat, the repeated start.
"""

import asyncio
import signal

import pytest
from pydantic import SecretStr

from tests.support import pictures
from tests.support.crash_points import step_points
from tests.support.crash_runs import closed, scene
from tests.support.crash_stock import take_stock
from tests.support.darkroom import open_world
from tests.support.flow import PHOTO, records, stored
from tests.support.front_end import KEY, front_end, picture_host

AT_ONCE = 4
# Steps that a task comes to, where it is cut off between what was done and what is written of it.
STEPS = ("admit", "announce", "fetch_input", "create", "archive", "decide", "tell")
CUTS = [
    point
    for point in step_points()
    if point.partition(".")[0] in STEPS and point.endswith((".perform.after", ".claim.after"))
]
# Calls on the way from the request to its answer.
AT_THE_DOOR = ["store.put.after", "repository.put_listed.before", "repository.put_listed.after"]
AT_THE_DOOR += ["repository.create.after", "queue.enqueue.after"]


async def crash(bots, folder, point, *, upload):
    """One task; the bot is killed at the point and started again."""
    folder.mkdir()
    async with open_world() as world, scene(world, bots, folder, api_keys=(SecretStr(KEY),)) as at:
        async with picture_host(PHOTO) as image_url, front_end(at.settings.base_url) as page:
            bot = await at.start(point)
            asked = {"upload": PHOTO} if upload else {"image_url": image_url}
            starting = asyncio.create_task(page.start("order-1", **asked))
            assert await at.died(bot) == -signal.SIGKILL, at.log
            await at.start()
            task = await page.ended(await starting)
            assert (task["status"], len(task["results"])) == ("completed", 1), at.log
            assert pictures.opened(await page.download(task["result_url"])).size == (320, 240)
            assert [listed["task_id"] for listed in await page.tasks()] == [task["task_id"]]
        await closed(at)
        check(at)


def check(at):
    data = at.settings.data_dir
    assert [record["status"] for record in records(data)] == ["completed"]
    assert stored(data, "open") == stored(data, "tasks") == stored(data, "poison") == [], at.log
    assert len(stored(data, "history")) == 1
    assert take_stock(at).created_twice_unexcused == 0, at.log


@pytest.mark.parametrize(("upload", "points"), [(False, CUTS), (True, AT_THE_DOOR)], ids=["steps", "door"])
async def test_a_task_survives_a_kill(bots, tmp_path, upload, points):
    free = asyncio.Semaphore(AT_ONCE)

    async def one(point):
        async with free:
            try:
                await crash(bots, tmp_path / point, point, upload=upload)
            except (AssertionError, TimeoutError) as error:
                return f"{point}: {type(error).__name__} {error}"
        return None

    failures = [failure for failure in await asyncio.gather(*map(one, points)) if failure]
    assert not failures, "\n\n".join(failures)
