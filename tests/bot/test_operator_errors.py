"""What only the operator can mend: one line with the cause and the setting, whichever command met it."""

import asyncio
import errno

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.composition.storage_setup import ready_storage
from bot.dead_letters import run_dead_letters
from bot.doctor.context import open_context
from bot.doctor.presets import PRESETS, check_presets
from bot.init_storage import run_init_storage
from bot.jobs.errors import EngineUnavailableError
from bot.operator_errors import report_operator_errors
from bot.operator_errors.listening import CannotListenError
from bot.settings import Settings
from bot.startup_retry import retry_at_start
from bot.work_queue.engine import open_engine
from replicate_gateway.presets import PresetError, load_presets
from storage.errors import RecordCorruptError, StorageUnavailableError
from tests.support.ports import free_port
from tests.support.redis_servers import fresh_bot_id, own_redis

TOKEN = SecretStr("4242424242:AAbot-of-somebody-with-a-real-token")
PASSWORD = "hunter2-hunter2"


async def told(running, settings, code=1):
    """The one line of a command that cannot go on."""
    with capture_logs() as lines:
        assert await report_operator_errors(running, settings) == code
    (line,) = (line for line in lines if line["log_level"] == "error")
    return line


# Presets.
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no preset"),
        ("[fix", "presets.toml"),
        ("[fix]\nmodell = 'a/b'\n", "field 'titles'"),
        (None, "No such file"),
    ],
)
async def test_wrong_presets_stop_the_start_with_one_line_and_exit_code_2(tmp_path, text, says):
    path = tmp_path / "presets.toml"
    if text is not None:
        path.write_text(text)

    async def start():
        load_presets(path)
        return 0

    line = await told(start(), Settings(), code=2)
    assert line["event"] == "presets_not_usable"
    assert says in line["error"]
    assert "presets.toml" in line["fix"]
    assert "docs/presets.md" in line["fix"]


async def test_the_doctor_says_the_same_of_wrong_presets_and_examines_the_rest(tmp_path):
    error = PresetError("preset 'fix': field 'modell': Extra inputs are not permitted")
    settings = Settings(bot_token=TOKEN, data_dir=tmp_path, replicate_base_url="http://127.0.0.1:1", port=free_port())
    async with open_context(settings, error) as context:
        (finding,) = await check_presets(context)
    assert (finding.name, finding.state, finding.what) == (PRESETS.name, "failed", str(error))
    assert "presets.toml" in finding.fix


async def test_a_fault_of_ours_is_not_told_as_the_operators():
    async def command():
        raise RecordCorruptError("jobs/x.json", "not JSON")

    with pytest.raises(RecordCorruptError):
        await report_operator_errors(command(), Settings())


# Addresses to listen on.
@pytest.mark.parametrize(
    ("number", "says", "mends"),
    [
        (errno.EADDRINUSE, "[::1]:80 is in use", "PORT: name another port"),
        (errno.EACCES, "[::1]:80 may not be listened on", "PORT: name a port from 1024 on"),
        (errno.EADDRNOTAVAIL, "::1 is no address of this machine", "HOST: name an address"),
        (errno.EMFILE, "too many open files", "correct HOST or PORT"),
    ],
)
def test_what_keeps_an_address_from_being_listened_on_is_told_apart(number, says, mends):
    error = CannotListenError(OSError(number, "x"), "::1", 80, setting="PORT")
    assert error.is_taken == (number == errno.EADDRINUSE)
    assert says in str(error)
    assert mends in error.fix


# The queue engine.
def on_engine(address, **changes):
    url = SecretStr(f"redis://ada:{PASSWORD}@{address}")
    return Settings(
        bot_token=TOKEN, s3_bucket="a-bucket", replicate_base_url="http://127.0.0.1:1", queue_url=url, **changes
    )


async def test_an_engine_that_is_not_there_is_named_with_the_reason_and_without_the_password():
    port = free_port()
    settings = on_engine(f"127.0.0.1:{port}")
    line = await told(run_dead_letters(settings, None), settings)
    assert line["event"] == "queue_not_usable"
    assert line["error"] == f"127.0.0.1:{port} cannot be reached: connection refused"
    assert "correct QUEUE_URL" in line["fix"]
    assert PASSWORD not in str(line)


async def test_wrong_credentials_a_wrong_database_and_an_unknown_host_are_told_apart(tmp_path):
    with own_redis(tmp_path) as url:
        address = url.removeprefix("redis://").partition("/")[0]
        wrong = await told(run_dead_letters(on_engine(address), None), on_engine(address))
        plain = on_engine(address).model_copy(update={"queue_url": SecretStr(f"redis://{address}/99")})
        database = await told(run_dead_letters(plain, None), plain)
    nowhere = on_engine("nosuch.invalid")
    host = await told(run_dead_letters(nowhere, None), nowhere)
    assert "user and password" in wrong["fix"]
    assert "database" in database["error"]
    assert "out of range" in database["error"]
    assert "number after the last slash" in database["fix"]
    assert host["error"] == "nosuch.invalid cannot be reached: the name is not known"
    assert PASSWORD not in f"{wrong}{database}{host}"


def test_a_minute_of_waiting_for_the_engine_is_a_handful_of_lines(skipping_time):
    port = free_port()

    async def story():
        async with open_engine(f"redis://:{PASSWORD}@127.0.0.1:{port}/0", fresh_bot_id(), None, concurrency=1):
            pass

    with capture_logs() as lines, pytest.raises(EngineUnavailableError):
        skipping_time(story())
    waiting = [line for line in lines if line["event"] == "engine_awaited"]
    assert 1 <= len(waiting) <= 4
    assert all(line["host"] == f"127.0.0.1:{port}" and line["error"] for line in waiting)
    assert PASSWORD not in str(lines)


# The storage.
async def test_a_directory_that_cannot_be_made_is_named_with_its_setting(tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings = Settings(data_dir=tmp_path / "file" / "x")
    line = await told(run_init_storage(settings), settings)
    assert line["event"] == "storage_not_usable"
    assert f"{tmp_path}/file/x" in line["error"]
    assert "DATA_DIR" in line["fix"]


def test_a_minute_of_waiting_for_a_bucket_is_a_handful_of_lines_that_name_it(skipping_time):
    settings = Settings(
        s3_bucket="a-bucket",
        s3_endpoint_url="http://s3.example:9000",
        aws_access_key_id=SecretStr("key-key-key"),
        aws_secret_access_key=SecretStr(PASSWORD),
    )

    class Away:
        async def prepare(self, rules):
            raise StorageUnavailableError("cannot create the bucket: ClientConnectorDNSError")

    with capture_logs() as lines, pytest.raises(StorageUnavailableError):
        skipping_time(ready_storage(Away(), settings))
    assert {line["event"] for line in lines} == {"storage_awaited"}
    assert len(lines) <= 4
    assert lines[0]["error"].startswith("s3.example:9000, bucket a-bucket: cannot create")
    assert "S3_ENDPOINT_URL" in lines[0]["fix"]
    assert PASSWORD not in str(lines)


def test_who_is_awaited_is_told_of_at_once_then_rarely_and_asked_all_the_while(skipping_time):
    asked, said = [], []

    async def ask():
        asked.append(asyncio.get_running_loop().time())
        if len(asked) < 16:
            raise ConnectionError(str(len(asked)))
        return "there"

    assert skipping_time(retry_at_start(ask, ConnectionError, said.append)) == "there"
    assert [str(error) for error in said] == ["1", "11"]
    assert asked[-1] - asked[0] == pytest.approx(30, abs=1)
