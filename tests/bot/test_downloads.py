"""Where pictures are fetched from, as the process opens it."""

import io

from aiohttp import web

from bot.downloads import open_downloads
from bot.jobs.guards.meter import SILENT
from bot.settings import Settings
from tests.support.recording_bot import recording_bot

BOMB = b"\x1f\x8b packed"


async def test_what_is_packed_is_neither_asked_for_nor_unpacked():
    """A few bytes may become any number of them; pictures are packed by themselves."""
    asked = []

    async def packed(request):
        asked.append(request.headers["Accept-Encoding"])
        return web.Response(body=BOMB, headers={"Content-Encoding": "gzip"})

    runner = web.ServerRunner(web.Server(packed), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    bot, session = recording_bot()
    session.api = session.api.from_base(url)
    session.succeed({"file_id": "f", "file_unique_id": "u", "file_path": "photos/1.jpg"})
    settings = Settings(output_hosts="127.0.0.1")
    async with open_downloads(settings, bot, SILENT, connections=2) as downloads:
        result, photo = io.BytesIO(), io.BytesIO()
        await downloads.outputs.fetch(f"{url}/a.png", result, max_bytes=1000)
        await downloads.photos.fetch("f", photo, max_bytes=1000)
    await runner.cleanup()
    assert (result.getvalue(), photo.getvalue()) == (BOMB, BOMB)
    assert asked == ["identity", "identity"]
