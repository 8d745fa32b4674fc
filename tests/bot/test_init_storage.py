"""`python -m bot init-storage`: may be run at any time, says what it found, and its exit code tells."""

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.composition.adapters import open_store
from bot.init_storage import run_init_storage
from bot.operator_errors import report_operator_errors
from bot.settings import Settings
from tests.support.s3_servers import new_bucket_name, outside_of


async def outcome(settings):
    with capture_logs() as lines:
        code = await report_operator_errors(run_init_storage(settings), settings)
    return code, lines[-1]


async def test_a_directory_is_created_and_found_usable_again_and_again(tmp_path):
    settings = Settings(data_dir=tmp_path / "deep" / "data")
    for _ in range(2):
        code, line = await outcome(settings)
        assert code == 0
        assert (line["event"], line["place"], line["processes"]) == (
            "storage_ready",
            str(settings.data_dir),
            "one only",
        )
    assert (tmp_path / "deep" / "data").is_dir()


async def test_it_leaves_nothing_behind_but_the_place(tmp_path):
    settings = Settings(data_dir=tmp_path)
    await outcome(settings)
    async with open_store(settings) as store:
        assert [row.key async for row in store.list("")] == []


async def test_a_directory_in_use_is_a_failure_in_one_line(tmp_path):
    settings = Settings(data_dir=tmp_path)
    async with open_store(settings):
        code, line = await outcome(settings)
    assert code == 1
    assert (line["event"], line["log_level"]) == ("storage_not_usable", "error")
    assert "another process" in line["error"]


async def test_a_place_that_cannot_be_made_is_a_failure_in_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, line = await outcome(Settings(data_dir=tmp_path / "file" / "data"))
    assert (code, line["event"]) == (1, "storage_not_usable")


def s3_settings(server, **changes):
    values = {
        "s3_bucket": new_bucket_name(),
        "s3_endpoint_url": server.endpoint_url,
        "aws_access_key_id": SecretStr(server.access_key_id),
        "aws_secret_access_key": SecretStr(server.secret_access_key),
        "aws_region": server.region,
        "task_ttl_days": 4,
    }
    return Settings(**values | changes)


async def test_a_bucket_is_created_with_its_rules_and_a_second_run_changes_nothing(moto_server):
    settings = s3_settings(moto_server)
    with outside_of(moto_server) as outside:
        found = []
        for _ in range(2):
            code, line = await outcome(settings)
            assert (code, line["place"], line["processes"]) == (0, settings.s3_bucket, "several")
            found.append(outside.client.get_bucket_lifecycle_configuration(Bucket=settings.s3_bucket)["Rules"])
    assert found[0] == found[1]
    assert {r["Filter"]["Prefix"]: r["Expiration"]["Days"] for r in found[0] if "Expiration" in r}["tasks/"] == 4


@pytest.mark.parametrize("secret", ["test-secret-of-somebody"])
async def test_a_server_that_is_not_there_is_a_failure_that_names_no_secret(unused_tcp_port, moto_server, secret):
    settings = s3_settings(
        moto_server,
        s3_endpoint_url=f"http://127.0.0.1:{unused_tcp_port}",
        aws_secret_access_key=SecretStr(secret),
    )
    code, line = await outcome(settings)
    assert (code, line["event"]) == (1, "storage_not_usable")
    assert secret not in str(line)
