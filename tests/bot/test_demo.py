"""`python -m bot demo`: one photo through everything, and a sentence when that does not work."""

import socket

import pytest
from pydantic import SecretStr

from bot import demo
from bot.settings import Settings
from tests.support import pictures


@pytest.mark.timeout(30)
async def test_a_photo_comes_out_larger_and_the_timeline_shows_the_way(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo, out = tmp_path / "in.jpg", tmp_path / "out.png"
    photo.write_bytes(pictures.jpeg(160, 120))
    configured = Settings(bot_token=SecretStr("4242424242:AAbot-of-somebody-with-a-real-token"), s3_bucket="a-bucket")
    assert await demo.run_demo(configured, photo, out) == 0
    assert pictures.opened(out.read_bytes()).size == (320, 240)
    said = capsys.readouterr().out
    for step in (
        "setWebhook (200)",
        "update (200",
        "/predictions (201)",
        "start (200)",
        "completed (200)",
        "sendPhoto (200)",
    ):
        assert step in said
    assert f"{out} (JPEG, 320x240)" in said  # Telegram makes one of every photo
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jpg", "out.png"]  # nothing of ours is left behind


def test_nobody_can_take_the_port_that_the_demo_is_going_to_serve(tmp_path):
    with demo.open_door() as door:
        told = demo._settings_of_its_own(Settings(), tmp_path, door)
        with pytest.raises(OSError, match="in use"):
            socket.create_server((told.host, told.port), reuse_port=False)
        with socket.create_connection((told.host, told.port), timeout=5):
            pass  # who calls too early waits in line


@pytest.mark.timeout(30)
async def test_a_file_that_is_no_picture_ends_with_the_sentence_that_a_person_would_read(tmp_path, capsys):
    photo, out = tmp_path / "notes.jpg", tmp_path / "out.jpg"
    photo.write_bytes(b"these are notes, not a picture")
    assert await demo.run_demo(Settings(), photo, out) == 1
    assert "demo failed" in (said := capsys.readouterr().out)
    assert "not a picture" in said
    assert not out.exists()


@pytest.mark.parametrize("kind", ["missing", "folder"])
async def test_a_photo_that_cannot_be_read_ends_at_once_with_its_name(tmp_path, capsys, kind):
    photo = tmp_path / kind
    if kind == "folder":
        photo.mkdir()
    assert await demo.run_demo(Settings(), photo, tmp_path / "out.jpg") == 1
    said = capsys.readouterr().out
    assert said.startswith(f"demo failed: {photo}: ")
    assert said.count("\n") == 1
