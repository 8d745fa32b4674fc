"""docs/api.md: its commands are run, in order, against a bot, and give what the page shows."""

import asyncio
import json
import os
import re
from pathlib import Path

from pydantic import SecretStr

from tests.support.darkroom import open_world, running_bot
from tests.support.flow import PHOTO, impatient
from tests.support.front_end import KEY, picture_host
from tests.support.programs import needs

PAGE = (Path(__file__).parents[1] / "docs" / "api.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CUT = "-- cut here --"


def commands():
    """(command, what it shows, or None), in order."""
    found = []
    for kind, text in BLOCKS:
        if kind == "sh":
            found.append([text, None])
        elif kind == "json":
            found[-1][1] = json.loads(text)
        elif found:
            found[-1][1] = text.strip()
    return found


async def run(script, folder, environ):
    process = await asyncio.create_subprocess_exec(
        "bash", "-eu", "-c", script, cwd=folder, env={**os.environ, **environ}, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 50)
    assert process.returncode == 0, output.decode()
    return output.decode().split(CUT)


def shape(value):
    """Its keys and kinds; what may be null, and which status it is, is up to the moment."""
    match value:
        case dict():
            return {key: shape(entry) for key, entry in value.items()}
        case list():
            return [shape(entry) for entry in value[:1]]
        case str():
            return "text"
        case _:
            return "number or null"


@needs("curl")
async def test_every_command_on_the_page_gives_what_the_page_shows(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    # The page asks every three seconds, as its readers should; so do we, but faster.
    script = "sleep() { command sleep 0.05; }\n" + f"\necho '{CUT}'\n".join(command for command, _ in commands())
    async with open_world() as world, picture_host(PHOTO) as image_url:
        settings = world.settings(tmp_path / "data", api_keys=(SecretStr(KEY),))
        async with running_bot(settings, impatient()):
            environ = {"BASE": settings.base_url, "KEY": KEY, "IMAGE_URL": image_url}
            outputs = await run(script, tmp_path, environ)
    assert len(outputs) == len(commands()) > 8
    for output, (command, shown) in zip(outputs, commands(), strict=True):
        if isinstance(shown, str):
            assert output.strip() == shown, command
        elif shown is not None:
            assert shape(json.loads(output)) == shape(shown), command
    assert (tmp_path / "result.png").read_bytes().startswith(b"\x89PNG")


def test_the_settings_of_the_api_are_explained():
    names = {"API_KEYS", "API_ALLOWED_ORIGINS", "API_MAX_ACTIVE_JOBS", "API_DAILY_JOBS", "API_RATE_LIMIT"}
    assert names <= set(re.findall(r"`?(API_[A-Z_]+)", PAGE))
