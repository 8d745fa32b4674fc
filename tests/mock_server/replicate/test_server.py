import asyncio
import tempfile
import threading
from pathlib import Path

import aiohttp
import pytest

from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.server import run_mock_replicate
from tests.support.waiting import eventually

AUTHORIZED = {"Authorization": "Bearer r8_test"}


def mock_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("mock-replicate")]


async def test_stopping_leaves_no_task_thread_file_or_port(tmp_path, monkeypatch, unused_tcp_port, receiver):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = asyncio.all_tasks()
    config = MockReplicateConfig(delay_s=(0, 0), port=unused_tcp_port, webhook_retry_base_s=30)
    async with aiohttp.ClientSession(headers=AUTHORIZED) as session:
        async with run_mock_replicate(config) as mock:
            receiver.statuses[:] = [500]
            url = f"{mock.base_url}/v1/predictions"
            ordinary = {"version": "acme/any", "input": {}, "webhook": receiver.url}
            async with session.post(url, json=ordinary) as answer:
                await mock.control.ended((await answer.json())["id"])
            await eventually(receiver.finals, because="the final webhook is being repeated now")
            mock.control.scenario = Scenario(hold="starting")
            waiting = asyncio.create_task(session.post(url, json=ordinary, headers={"Prefer": "wait"}))
            await eventually(lambda: len(mock.control.predictions()) == 2)
            assert list(tmp_path.iterdir())
        (await waiting).close()
    assert list(tmp_path.iterdir()) == []
    assert mock_threads() == []
    await eventually(lambda: not {task for task in asyncio.all_tasks() - before if "aiohttp" not in repr(task)})
    async with run_mock_replicate(config) as again:
        assert again.base_url == f"http://127.0.0.1:{unused_tcp_port}"


async def test_a_taken_port_is_an_error_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with run_mock_replicate() as mock:
        port = int(mock.base_url.rsplit(":", 1)[1])
        left = len(list(tmp_path.iterdir()))
        with pytest.raises(OSError, match="address already in use"):
            async with run_mock_replicate(MockReplicateConfig(port=port)):
                pass
        assert len(list(tmp_path.iterdir())) == left


async def test_two_mocks_share_a_loop_but_nothing_else(start_mock, api_of):
    first, second = await start_mock(), await start_mock()
    assert first.base_url != second.base_url
    assert first.webhook_secret != second.webhook_secret
    created = await api_of(first).create({})
    assert (await api_of(second).call("GET", f"/v1/predictions/{created['id']}"))[0] == 404


async def test_urls_repeat_the_host_of_the_caller_or_the_public_one(start_mock, api_of):
    local, public = await start_mock(), await start_mock(public_url="https://mock.example")
    created = await api_of(local).call(
        "POST", "/v1/predictions", json={"version": "acme/any", "input": {}}, headers={"Host": "mock:8001"}
    )
    assert created[1]["urls"]["get"].startswith("http://mock:8001/v1/predictions/")
    assert public.base_url == "https://mock.example"


def test_secrets_are_not_in_the_text_of_a_config():
    config = MockReplicateConfig(api_token="r8_secret")
    assert "r8_secret" not in repr(config)
    assert config.webhook_secret not in repr(config)


@pytest.mark.parametrize("changes", [{"delay_s": (2, 1)}, {"delay_s": (-1, 1)}, {"webhook_secret": "whsec_"}])
def test_an_impossible_config_is_refused(changes):
    with pytest.raises(ValueError, match=r"wants|webhook secret"):
        MockReplicateConfig(**changes)


def test_the_mock_imports_nothing_of_the_product():
    root = Path(__file__).parents[3] / "mock_server" / "replicate"
    forbidden = ("import bot", "from bot", "storage", "replicate_gateway", "import replicate", "httpx", "aiogram")
    for module in root.glob("*.py"):
        imports = [line for line in module.read_text().splitlines() if line.startswith(("import ", "from "))]
        assert not [line for line in imports if any(name in line.split(" import ")[0] for name in forbidden)]
