import asyncio
import json
import re
import signal
import sys
import time
import urllib.request

import pytest

from mock_server.__main__ import main


async def spawn(*arguments):
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mock_server",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_is_serves_and_stops_cleanly(number):
    process = await spawn("--port", "0", "--delay", "0-0.5")
    first = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
    url = re.search(r"http://127\.0\.0\.1:\d+", first)[0]
    assert "0-0.5 s" in first
    request = urllib.request.Request(f"{url}/v1/account", headers={"Authorization": "Bearer x"})

    def status():
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status

    assert await asyncio.to_thread(status) == 200
    process.send_signal(number)
    rest, errors = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, errors) == (0, b"")
    assert f"REPLICATE_BASE_URL={url}" in rest.decode()


async def test_a_scenario_is_in_force_from_the_first_call(tmp_path):
    (tmp_path / "faults.toml").write_text('like = "oom"\ndelay_s = 0\n')
    process = await spawn("--port", "0", "--scenario", str(tmp_path / "faults.toml"))
    first = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
    assert "scenario: " in first
    url = re.search(r"http://127\.0\.0\.1:\d+", first)[0]

    def scenario():
        with urllib.request.urlopen(f"{url}/_mock/scenario", timeout=20) as answer:
            return json.load(answer)["scenario"]

    assert (await asyncio.to_thread(scenario))["fail"] == "oom"
    process.terminate()
    await asyncio.wait_for(process.communicate(), 20)


@pytest.mark.parametrize("scenario", ["slwo", "missing.toml", "delay_s=soon"])
def test_an_unknown_scenario_stops_the_start_in_one_line(scenario, capsys):
    assert main(["--port", "0", "--scenario", scenario]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert scenario.partition("=")[0] in error


def test_help_and_mistakes_need_no_server_code(capsys):
    started = time.thread_time()
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    assert "--webhook-secret" in capsys.readouterr().out
    assert time.thread_time() - started < 0.5


async def test_help_imports_neither_aiohttp_nor_pillow():
    code = "import sys, mock_server.__main__; print('aiohttp' in sys.modules, 'PIL' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert (await process.communicate())[0].split() == [b"False", b"False"]


@pytest.mark.parametrize("delay", ["5-2", "soon", "-1", "1-inf", "nan"])
def test_an_impossible_delay_is_refused(delay, capsys):
    with pytest.raises(SystemExit) as done:
        main([f"--delay={delay}"])
    assert done.value.code == 2
    assert "--delay" in capsys.readouterr().err


def test_a_bad_secret_stops_the_start_in_one_line_without_repeating_it(capsys):
    assert main(["--webhook-secret", "whsec_tooshort", "--port", "0"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "tooshort" not in error
