"""`python -m bot doctor` against real parties on this machine, with deliberate mistakes: each named, with its cure."""

import asyncio
import json
import os
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.utils import formatdate
from itertools import chain
from pathlib import Path
from time import time

import aiohttp
import pytest
import structlog
from aiohttp import web
from pydantic import SecretStr

from bot.composition.storage_setup import expiry_rules
from bot.doctor import run_doctor
from bot.doctor.checks import CHECKS
from bot.doctor.clock import check_clock
from bot.doctor.collector import check_collector
from bot.doctor.context import open_context
from bot.doctor.examination import Check, examine
from bot.doctor.finding import Finding, Part, State
from bot.doctor.lifecycle import check_lifecycle, missing_rules
from bot.doctor.output_hosts import judge_output_hosts
from bot.doctor.presets import faults
from bot.doctor.presigned_url import check_presigned_url, form_fault
from bot.doctor.queue import check_queue
from bot.doctor.replicate_faults import cause_and_fix
from bot.doctor.report import as_lines, redacted
from bot.doctor.storage import check_conditional_writes, check_storage
from bot.doctor.telegram import judge_webhook
from bot.settings import Settings
from bot.work_queue.redis_client import Keys, open_redis
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.server import run_mock_replicate
from replicate_gateway.errors import CreditExhaustedError, GatewayBusyError
from replicate_gateway.presets import load_presets
from replicate_gateway.protocol import InputField
from storage import object_keys
from storage.objects import Capabilities, ExpiryRule
from storage.s3 import open_s3_store
from tests.support.darkroom import open_world, running_bot
from tests.support.ports import free_port
from tests.support.redis_servers import own_redis
from tests.support.s3_servers import moto_server, new_bucket_name, seaweedfs_server  # noqa: F401 - fixtures
from tests.support.web_servers import answering, listening

ROOT = Path(__file__).parents[2]
SOMEBODY_ELSES_TOKEN = "4200000043:" + "w" * 35
NAMES = [check.part.name for check in CHECKS]


@pytest.fixture
async def world():
    async with open_world() as world:
        yield world


@dataclass(frozen=True)
class Examined:
    code: int
    findings: list[dict]

    def __getitem__(self, name):
        [finding] = [finding for finding in self.findings if finding["name"] == name]
        return finding

    def states(self, *names):
        return [self[name]["state"] for name in names]

    def not_ok(self):
        return {finding["name"]: finding["state"] for finding in self.findings if finding["state"] != "ok"}


@pytest.fixture
def doctor(capsys):
    """Runs the doctor; no configured secret may ever be in what it prints."""

    async def examined(settings, **options):
        capsys.readouterr()
        with structlog.testing.capture_logs() as logged:
            code = await run_doctor(settings, True, **options)
        printed = capsys.readouterr()
        everything = f"{printed.out}{printed.err}{logged}"
        assert not [secret for secret in settings.secret_values() if len(secret) >= 8 and secret in everything]
        return Examined(code, json.loads(printed.out))

    return examined


@asynccontextmanager
async def party(answer):
    """A server that gives one answer to everything."""

    async def handle(request):
        return answer(request)

    async with listening(answering(handle)) as url:
        yield url


async def examine_part(check, settings):
    async with open_context(settings, load_presets()) as context:
        return await check(context)


def nobody():
    return f"http://127.0.0.1:{free_port()}"


def on_s3(server, **changes):
    options = {
        "s3_bucket": server.bucket,
        "s3_endpoint_url": server.endpoint_url,
        "s3_public_endpoint_url": server.endpoint_url,
        "aws_access_key_id": SecretStr(server.access_key_id),
        "aws_secret_access_key": SecretStr(server.secret_access_key),
    }
    return options | changes


# As somebody meets it who has made three mistakes in `.env`.


async def test_three_mistakes_in_the_file_are_each_named_with_the_setting_to_correct(
    world,
    tmp_path,
    seaweedfs_server,  # noqa: F811
):
    right = {
        "BOT_TOKEN": world.telegram.bot_token,
        "TELEGRAM_API_URL": world.telegram.base_url,
        "REPLICATE_BASE_URL": world.replicate.base_url,
        "S3_BUCKET": seaweedfs_server.bucket,
        "S3_ENDPOINT_URL": seaweedfs_server.endpoint_url,
        "AWS_ACCESS_KEY_ID": seaweedfs_server.access_key_id,
        "AWS_SECRET_ACCESS_KEY": seaweedfs_server.secret_access_key,
        "PORT": free_port(),
    }
    wrong = {
        "BOT_TOKEN": SOMEBODY_ELSES_TOKEN,
        "AWS_SECRET_ACCESS_KEY": "certainly-not-the-secret",
        "BASE_URL": nobody(),
    }
    code, findings, out = await as_a_person(tmp_path, right | {"BASE_URL": f"http://127.0.0.1:{right['PORT']}"})
    assert (code, [one["name"] for one in findings if one["state"] == "failed"]) == (0, [])
    code, findings, out = await as_a_person(tmp_path, right | wrong)
    named = {one["name"]: one["fix"] for one in findings if one["state"] not in {"ok", "skipped"}}
    assert code == 1
    assert set(named) == {"telegram", "storage", "base_url"}
    assert "BOT_TOKEN" in named["telegram"]
    assert "AWS_SECRET_ACCESS_KEY" in named["storage"]
    assert f"let it lead to http://127.0.0.1:{right['PORT']}" in named["base_url"]
    assert not [value for value in wrong.values() if value in out and not value.startswith("http")]


async def as_a_person(directory, settings):
    """Exit code, findings and what was printed, of the command itself in a directory with this `.env`."""
    (directory / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "doctor", "--json"),
        cwd=directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, json.loads(out), (out + err).decode()


# With nothing wrong.


async def test_with_nothing_configured_all_parts_are_ok_and_nothing_is_left_behind(doctor, tmp_path):
    examined = await doctor(Settings(data_dir=tmp_path, port=free_port()))
    assert examined.code == 0
    assert [(finding["name"], finding["state"], finding["fix"]) for finding in examined.findings] == [
        (name, "ok", None) for name in NAMES
    ]
    assert {path.name for path in tmp_path.iterdir()} == {".lock", ".tmp"}


async def test_people_get_aligned_lines_and_a_sum(capsys, tmp_path):
    assert await run_doctor(Settings(data_dir=tmp_path, port=free_port()), False) == 0
    *lines, empty, summary = capsys.readouterr().out.splitlines()
    assert [re.fullmatch(r"ok {7}(\S+) +\S.*", line)[1] for line in lines] == NAMES
    assert len({re.match(r"ok +\S+ +", line).end() for line in lines}) == 1
    assert (empty, summary) == ("", f"{len(NAMES)} ok")


def test_the_command_answers_without_importing_the_framework(tmp_path):
    code = (
        "import sys\nfrom bot.cli import main\nstatus = main(['doctor', '--json'])\n"
        "print([name for name in ('aiogram', 'aioboto3') if name in sys.modules], file=sys.stderr)\nsys.exit(status)"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": str(free_port())}
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (answer.returncode, answer.stderr.strip()) == (0, "[]")
    assert [finding["name"] for finding in json.loads(answer.stdout)] == NAMES


async def test_beside_a_running_bot_the_storage_is_a_warning_and_the_rest_is_asked_of_that_bot(doctor, world, tmp_path):
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        examined = await doctor(settings)
    assert examined.code == 0
    assert examined.not_ok() == {"storage": "warning", "conditional_writes": "skipped"}
    assert "belongs to the bot that runs" in examined["storage"]["what"]
    assert examined["base_url"]["what"] == f"a bot answers at {settings.base_url}"
    assert "set to this bot" in examined["webhook"]["what"]
    assert "takes links" in examined["presigned_url"]["what"]


async def test_a_running_bot_with_another_token_is_told_from_ours(doctor, world, tmp_path):
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        examined = await doctor(settings.model_copy(update={"bot_token": SecretStr(SOMEBODY_ELSES_TOKEN)}))
    assert examined["presigned_url"]["state"] == "warning"
    assert "BOT_TOKEN" in examined["presigned_url"]["fix"]


# Telegram.


async def test_a_refused_token_is_told_from_a_telegram_that_cannot_be_reached(doctor, world, tmp_path):
    refused = await doctor(world.settings(tmp_path, bot_token=SecretStr(SOMEBODY_ELSES_TOKEN)))
    assert refused.code == 1
    assert refused.states("telegram", "webhook") == ["failed", "skipped"]
    assert "refuses the bot token" in refused["telegram"]["what"]
    assert "BOT_TOKEN" in refused["telegram"]["fix"]

    unreachable = await doctor(world.settings(tmp_path, telegram_api_url=nobody()))
    assert unreachable.code == 1
    assert "cannot be reached: connection refused" in unreachable["telegram"]["what"]
    assert "TELEGRAM_API_URL" in unreachable["telegram"]["fix"]


async def test_a_server_that_is_no_bot_api_is_named(doctor, world, tmp_path):
    async with party(lambda _: web.Response(text="<html>hello</html>")) as url:
        examined = await doctor(world.settings(tmp_path, telegram_api_url=url))
    assert "not a Bot API server" in examined["telegram"]["what"]


async def test_what_a_party_quotes_of_our_secrets_is_not_printed(doctor, world, tmp_path):
    settings = world.settings(tmp_path)
    quoted = f"no {world.telegram.bot_token} at /bot{world.telegram.bot_token}/getMe"
    world.chat.fail("getMe", error_code=500, description=quoted)
    examined = await doctor(settings)
    assert examined["telegram"]["state"] == "failed"
    assert "[redacted]" in examined["telegram"]["what"]


async def test_a_webhook_that_leads_elsewhere_and_fails_is_named_with_its_error(doctor, world, tmp_path):
    settings = world.settings(tmp_path)
    await point_webhook(world, f"{nobody()}/secret-path")
    await world.person().send_photo(b"\xff\xd8\xff photo", as_file=True, filename="a.jpg")
    while not world.chat.deliveries:
        await world.chat.changed()
    webhook = (await doctor(settings))["webhook"]
    assert webhook["state"] == "warning"
    assert "leads to another path of 127.0.0.1, not to this bot" in webhook["what"]
    assert "Connection refused" in webhook["what"]
    assert "1 updates wait" in webhook["what"]
    assert "start this bot" in webhook["fix"]
    assert "secret-path" not in str(webhook)


async def test_a_webhook_left_over_is_named_when_the_bot_would_poll(doctor, world, tmp_path):
    await point_webhook(world, "http://127.0.0.1:9/old")
    examined = await doctor(world.settings(tmp_path, webhooks=False))
    assert examined.not_ok() == {"webhook": "warning"}
    assert "left over" in examined["webhook"]["what"]


async def point_webhook(world, url):
    method = f"{world.telegram.base_url}/bot{world.telegram.bot_token}/setWebhook"
    async with aiohttp.ClientSession() as http, http.post(method, json={"url": url}) as answer:
        assert answer.status == 200


def test_our_own_webhook_is_a_warning_while_its_last_error_is_fresh():
    settings = Settings(bot_token=SOMEBODY_ELSES_TOKEN, base_url="https://bot.example.org")
    info = {
        "url": "https://bot.example.org/webhook/telegram",
        "pending_update_count": 3,
        "last_error_date": 10_000,
        "last_error_message": "Wrong response from the webhook: 502 Bad Gateway",
    }
    fresh = judge_webhook(settings, info, now=10_120)
    assert fresh.state is State.WARNING
    assert "2 min ago" in fresh.what
    assert "502 Bad Gateway" in fresh.what
    assert judge_webhook(settings, info, now=20_000).state is State.OK
    assert judge_webhook(settings, {**info, "pending_update_count": 500}, now=20_000).state is State.WARNING


# BASE_URL.


async def test_a_base_url_that_leads_nowhere_is_a_warning_that_names_where_it_should_lead(doctor, world, tmp_path):
    settings = world.settings(tmp_path, base_url=nobody())
    examined = await doctor(settings)
    assert examined["base_url"]["state"] == "warning"
    assert f"http://127.0.0.1:{settings.port}" in examined["base_url"]["fix"]


async def test_a_tunnel_to_something_else_is_told_from_one_with_nothing_behind_it(doctor, world, tmp_path):
    async with party(lambda _: web.Response(status=502)) as tunnel:
        port = int(tunnel.rpartition(":")[2])
        settings = world.settings(tmp_path, base_url=tunnel, port=port)
        assert "the bot may simply not run" in (await doctor(settings))["base_url"]["what"]
        assert "something else" in (await doctor(world.settings(tmp_path, base_url=tunnel)))["base_url"]["what"]


async def test_what_arrives_while_the_doctor_holds_the_door_is_sent_back_to_come_again(world, tmp_path):
    settings = world.settings(tmp_path)
    async with (
        open_context(settings, load_presets()) as context,
        context.http.post(f"{settings.base_url}/webhook/telegram", json={"update_id": 1}) as answer,
    ):
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


# Storage.


async def test_a_stranger_on_our_port_is_named(doctor, world, tmp_path):
    async with party(lambda _: web.Response(text="hello")) as url:
        port = int(url.rpartition(":")[2])
        examined = await doctor(world.settings(tmp_path, webhooks=False, port=port))
    assert examined.not_ok() == {"presigned_url": "failed"}
    assert f"port {port}" in examined["presigned_url"]["fix"]


async def test_a_directory_that_cannot_be_made_is_named(doctor, world, tmp_path):
    (tmp_path / "file").write_text("in the way")
    examined = await doctor(world.settings(tmp_path / "file" / "data"))
    assert examined.states("storage", "conditional_writes", "presigned_url") == ["failed", "skipped", "skipped"]
    assert "DATA_DIR" in examined["storage"]["fix"]


async def test_a_missing_bucket_is_named(doctor, world, tmp_path, moto_server):  # noqa: F811 - the fixture
    examined = await doctor(world.settings(tmp_path, **on_s3(moto_server, s3_bucket=new_bucket_name())))
    assert examined.code == 1
    assert examined.states("storage", "lifecycle", "presigned_url") == ["failed", "skipped", "skipped"]
    assert "NoSuchBucket" in examined["storage"]["what"]
    assert "init-storage" in examined["storage"]["fix"]


async def test_wrong_keys_are_told_apart(doctor, world, tmp_path, seaweedfs_server):  # noqa: F811
    wrong = SecretStr("certainly-not-the-secret")
    secret = await doctor(world.settings(tmp_path, **on_s3(seaweedfs_server, aws_secret_access_key=wrong)))
    assert secret.code == 1
    assert "AWS_SECRET_ACCESS_KEY" in secret["storage"]["fix"]
    key = await doctor(world.settings(tmp_path, **on_s3(seaweedfs_server, aws_access_key_id=wrong)))
    assert "AWS_ACCESS_KEY_ID" in key["storage"]["fix"]


async def test_an_s3_server_in_order_is_ok_and_one_without_rules_a_warning(
    doctor,
    world,
    tmp_path,
    seaweedfs_server,  # noqa: F811
):
    settings = world.settings(tmp_path, **on_s3(seaweedfs_server))
    async with open_s3_store(**seaweedfs_server.options) as store:
        await store.prepare([])
        without = await examine_part(check_lifecycle, settings)
        assert without.state is State.WARNING
        assert "nothing removes tasks/ after 1 day" in without.what
        assert "init-storage" in without.fix
        await store.prepare(expiry_rules(settings))
        assert (await doctor(settings)).not_ok() == {}
        assert [row async for row in store.list(object_keys.PROBE)] == []


async def test_an_s3_server_that_does_not_run_is_named(world, tmp_path):
    keys = {"aws_access_key_id": "key-id", "aws_secret_access_key": "secret-key"}
    finding = await examine_part(
        check_storage, world.settings(tmp_path, s3_bucket="photos", s3_endpoint_url=nobody(), **keys)
    )
    assert finding.state is State.FAILED
    assert "S3_ENDPOINT_URL" in finding.fix


async def test_links_to_a_host_that_cannot_serve_them_are_named(world, tmp_path, moto_server):  # noqa: F811
    away = world.settings(tmp_path, **on_s3(moto_server, s3_public_endpoint_url=nobody()))
    finding = await examine_part(check_presigned_url, away)
    assert finding.state is State.FAILED
    assert "S3_PUBLIC_ENDPOINT_URL" in finding.fix


@pytest.mark.parametrize(
    ("status", "body", "what", "fix"),
    [
        (403, "<Error><Code>SignatureDoesNotMatch</Code></Error>", "403 SignatureDoesNotMatch", "proxy"),
        (307, "", "307", "redirected"),
        (200, "<html>sign in</html>", "200", "proxy"),
    ],
)
async def test_a_host_that_answers_links_in_its_own_way_is_named(
    world,
    tmp_path,
    moto_server,  # noqa: F811
    status,
    body,
    what,
    fix,
):
    async with party(lambda _: web.Response(status=status, text=body)) as proxy:
        settings = world.settings(tmp_path, **on_s3(moto_server, s3_public_endpoint_url=proxy))
        finding = await examine_part(check_presigned_url, settings)
    assert finding.state is State.FAILED
    assert what in finding.what
    assert fix in finding.fix


async def test_links_that_only_this_machine_can_follow_fail_with_the_real_replicate(
    world,
    tmp_path,
    moto_server,  # noqa: F811
):
    settings = world.settings(tmp_path, replicate_mode="real", **on_s3(moto_server))
    finding = await examine_part(check_presigned_url, settings)
    assert finding.state is State.FAILED
    assert "Replicate cannot reach" in finding.what
    assert "S3_PUBLIC_ENDPOINT_URL" in finding.fix


async def test_a_name_that_leads_inside_is_a_warning_with_the_real_replicate(
    world,
    tmp_path,
    seaweedfs_server,  # noqa: F811
    monkeypatch,
):
    loop = asyncio.get_running_loop()
    real = loop.getaddrinfo

    async def split_horizon(host, port, **options):
        return await real("127.0.0.1" if host == "files.example.org" else host, port, **options)

    monkeypatch.setattr(loop, "getaddrinfo", split_horizon)
    named = seaweedfs_server.endpoint_url.replace("127.0.0.1", "files.example.org")
    settings = world.settings(tmp_path, replicate_mode="real", **on_s3(seaweedfs_server, s3_public_endpoint_url=named))
    finding = await examine_part(check_presigned_url, settings)
    assert finding.state is State.WARNING
    assert "which from here is 127.0.0.1" in finding.what
    assert "S3_PUBLIC_ENDPOINT_URL" in finding.fix


async def test_links_on_yandex_have_the_path_style_that_is_expected():
    yandex = "https://storage.yandexcloud.net"
    settings = Settings(
        s3_bucket="photos", s3_endpoint_url=yandex, aws_access_key_id="key-id", aws_secret_access_key="secret-key"
    )
    async with open_s3_store(
        bucket="photos", endpoint_url=yandex, access_key_id="key-id", secret_access_key="secret-key"
    ) as store:
        url = await store.presigned_url(".probe/x", ttl_s=60)
    assert url.startswith(f"{yandex}/photos/.probe/x?")
    assert form_fault(settings, url, ".probe/x") is None
    virtual_host = url.replace("//storage", "//photos.storage").replace("/photos/", "/")
    assert f"{yandex}/photos/key?…" in form_fault(settings, virtual_host, ".probe/x")
    assert "version 4" in form_fault(settings, f"{yandex}/photos/.probe/x?Signature=old", ".probe/x")


class IgnoringStore:
    """Of a storage that takes the headers of conditional writes and does not mind them."""

    async def probe(self):
        return Capabilities(create_if_absent=True, replace_if_unchanged=False)


async def test_ignored_conditional_writes_are_a_warning_that_says_what_orders_changes_instead(world, tmp_path):
    async with open_context(world.settings(tmp_path), load_presets()) as context:
        alone = replace(context, store=IgnoringStore())
        settings = alone.settings.model_copy(update={"queue_url": SecretStr("redis://127.0.0.1")})
        several = replace(alone, settings=settings)
        assert (await check_conditional_writes(alone)).state is State.WARNING
        finding = await check_conditional_writes(several)
    assert finding.state is State.WARNING
    assert "If-Match" in finding.what
    assert "locks" in finding.what


async def test_without_a_public_base_url_the_real_replicate_needs_no_links(world, tmp_path):
    settings = world.settings(tmp_path, webhooks=False, replicate_mode="real")
    finding = await examine_part(check_presigned_url, settings)
    assert finding.state is State.OK
    assert "uploaded" in finding.what


def test_a_rule_counts_whoever_wrote_it_if_it_is_enabled_and_has_the_days():
    rules = [ExpiryRule("tasks/", 1), ExpiryRule("images/", 30), ExpiryRule("reports/", 30), ExpiryRule(".probe/", 1)]
    present = [
        {"Status": "Enabled", "Prefix": "tasks/", "Expiration": {"Days": 1}},
        {"Status": "Disabled", "Filter": {"Prefix": "images/"}, "Expiration": {"Days": 30}},
        {"Status": "Enabled", "Filter": {"Prefix": "reports/"}, "Expiration": {"Days": 7}},
        {"Status": "Enabled", "Filter": {"Prefix": ".probe/"}, "Expiration": {"Days": 7}},
    ]
    assert missing_rules(rules, present) == rules[1:]


# Replicate.


async def test_an_unreachable_replicate_is_named(doctor, world, tmp_path):
    examined = await doctor(world.settings(tmp_path, replicate_base_url=nobody()))
    assert examined.code == 1
    assert examined.states("replicate", "webhook_secret", "presets") == ["failed", "skipped", "skipped"]
    assert "cannot be reached" in examined["replicate"]["what"]
    assert "REPLICATE_BASE_URL" in examined["replicate"]["fix"]


async def test_a_token_that_replicate_refuses_is_named(doctor, world, tmp_path):
    async with run_mock_replicate(MockReplicateConfig(api_token="r8_theirs_and_not_ours")) as strict:
        examined = await doctor(world.settings(tmp_path, replicate_base_url=strict.base_url))
    assert examined.code == 1
    assert "401" in examined["replicate"]["what"]
    assert "REPLICATE_API_TOKEN" in examined["replicate"]["fix"]


async def test_an_account_without_credit_is_named(doctor, world, tmp_path):
    problem = {"title": "Insufficient credit", "detail": "You have insufficient credit", "status": 402}
    async with party(lambda _: web.json_response(problem, status=402)) as url:
        examined = await doctor(world.settings(tmp_path, replicate_base_url=url))
    assert "no credit" in examined["replicate"]["what"]
    assert "billing" in examined["replicate"]["fix"]


def test_every_error_of_the_gateway_has_a_cure():
    settings = Settings(replicate_mode="mock", replicate_base_url="http://127.0.0.1:8001")
    what, fix = cause_and_fix(GatewayBusyError("throttled {braces}", retry_after_s=3), settings)
    assert what == "127.0.0.1:8001 asks to come back later (429: throttled {braces})"
    assert fix
    assert "credit" in cause_and_fix(CreditExhaustedError("no credit", status=402), settings)[1]


async def test_a_webhook_secret_of_another_account_is_named(doctor, world, tmp_path):
    examined = await doctor(world.settings(tmp_path, replicate_webhook_secret="whsec_" + "QUJD" * 11))
    assert examined.not_ok() == {"webhook_secret": "failed"}
    assert "REPLICATE_WEBHOOK_SECRET" in examined["webhook_secret"]["fix"]


async def test_a_webhook_secret_that_replicate_does_not_give_is_named(doctor, world, tmp_path):
    def answer(request):
        account = {"username": "ada", "type": "user"}
        if request.path == "/v1/account":
            return web.json_response(account)
        return web.json_response({"key": "whsec_short"} if "webhooks" in request.path else {})

    async with party(answer) as url:
        examined = await doctor(world.settings(tmp_path, replicate_base_url=url))
    assert examined["webhook_secret"]["state"] == "failed"
    assert "REPLICATE_WEBHOOK_SECRET" in examined["webhook_secret"]["fix"]


RESTORE = """
[restore]
titles = { en = "Restore" }
model = "sczhou/codeformer"
image_field = "picture"
fixed = { upscale = "twice", sharpness = 3, codeformer_fidelity = 1.5 }
typical_s = 8
price_hint_usd = 0.005
[gone]
titles = { en = "Gone" }
model = "missing/model"
image_field = "image"
typical_s = 8
price_hint_usd = 0.005
"""


async def test_each_field_that_a_model_does_not_take_is_named(doctor, world, tmp_path):
    file = tmp_path / "presets.toml"
    file.write_text(RESTORE)
    examined = await doctor(world.settings(tmp_path / "data"), presets=load_presets(file))
    assert examined.code == 1
    found = [(one["state"], one["what"]) for one in examined.findings if one["name"] == "presets"]
    who = "restore (sczhou/codeformer)"
    assert found[:-1] == [
        ("failed", f"{who} sends upscale as string, the model takes integer"),
        ("failed", f"{who} sends sharpness, which the model does not know"),
        ("failed", f"{who} sends codeformer_fidelity = 1.5, the model takes 1 at most"),
        ("failed", f"{who} sends picture, which the model does not know"),
        ("failed", f"{who} may leave out image, which the model requires"),
    ]
    state, what = found[-1]
    assert state == "warning"
    assert what.startswith("gone (missing/model): there is no such model")
    fixes = [one["fix"] for one in examined.findings if one["name"] == "presets"]
    assert all("presets.toml" in fix for fix in fixes)


@pytest.mark.parametrize(
    ("value", "field", "fault"),
    [
        ("2K", {"choices": ("1K", "2K")}, None),
        ("8K", {"choices": ("1K", "2K")}, "sends size = '8K', the model takes only '1K', '2K'"),
        (1, {"choices": tuple(range(2, 12))}, "sends size = 1, the model takes only 2, 3, 4, 5, 6, 7, 8, 9, …"),
        (0.5, {"minimum": 0.5, "maximum": 0.5}, None),
        (-1, {"minimum": 0}, "sends size = -1, the model takes 0 at least"),
    ],
)
def test_a_fixed_value_that_the_model_refuses_is_named_with_what_it_takes(value, field, fault):
    preset = load_presets()["restore"].model_copy(update={"fixed": {"size": value}})
    fields = {"image": InputField("image", "string"), "size": InputField("size", "any", **field)}
    assert list(faults(preset, fields)) == ([fault] if fault else [])


def test_a_prompt_that_may_be_left_out_does_not_meet_a_model_that_requires_one():
    presets = load_presets()
    fields = {name: InputField(name, "any") for name in ("image_input", "reasoning_effort", "max_completion_tokens")}
    fields["prompt"] = InputField("prompt", "string", required=True)
    assert list(faults(presets["describe"], fields)) == []  # it has a fixed one
    kontext = {name: InputField(name, "any") for name in [*presets["edit"].fixed, "input_image", "seed"]}
    kontext["prompt"] = InputField("prompt", "string", required=True)
    assert list(faults(presets["edit"], kontext)) == []
    optional = presets["edit"].model_copy(update={"prompt_required": False})
    assert list(faults(optional, kontext)) == ["may leave out prompt, which the model requires"]


@pytest.mark.parametrize(
    ("hosts", "state"),
    [
        ("replicate.delivery", "ok"),
        ("replicate.delivery,cdn.example.org", "ok"),
        ("pbxt.replicate.delivery", "failed"),
        ("cdn.example.org", "failed"),
        ("replicate.delivery,localhost", "warning"),
        ("delivery", "warning"),
    ],
)
def test_the_hosts_of_results_are_judged_in_real_mode(hosts, state):
    settings = Settings(replicate_mode="real", replicate_api_token="r8_" + "t" * 37, output_hosts=hosts)
    finding = judge_output_hosts(settings)
    assert finding.state == state
    assert (finding.fix is None) == (state == "ok")


# Clock and queue.


@pytest.mark.parametrize(("ahead_s", "state"), [(30, "ok"), (-300, "warning"), (3600, "failed")])
async def test_a_clock_that_is_off_is_named(world, tmp_path, ahead_s, state):
    def late(_):
        return web.Response(headers={"Date": formatdate(time() - ahead_s, usegmt=True)})

    async with party(late) as storage, open_context(world.settings(tmp_path), load_presets()) as context:
        changes = {"s3_bucket": "photos", "s3_endpoint_url": storage}
        finding = await check_clock(replace(context, settings=context.settings.model_copy(update=changes)))
    assert finding.state == state
    assert ("behind" in finding.what) == (ahead_s < -60)
    assert state == "ok" or "clock" in finding.fix


async def test_a_clock_of_which_nobody_tells_the_time_is_skipped(world, tmp_path):
    settings = world.settings(tmp_path, telegram_api_url=nobody(), replicate_base_url=nobody())
    assert (await examine_part(check_clock, settings)).state is State.SKIPPED


async def examine_queue(world, data_dir, url):
    return await examine_part(check_queue, world.settings(data_dir).model_copy(update={"queue_url": SecretStr(url)}))


@pytest.mark.parametrize("options", ["", "?colour=red"])
async def test_a_queue_that_cannot_be_used_is_named_without_its_password(world, tmp_path, options):
    finding = await examine_queue(world, tmp_path, f"redis://ada:hunter2-hunter2@127.0.0.1:{free_port()}{options}")
    assert finding.state is State.FAILED
    assert "QUEUE_URL" in f"{finding.what} {finding.fix}"
    assert "hunter2" not in f"{finding.what} {finding.fix}"


async def test_a_queue_is_asked_with_its_password(world, tmp_path):
    with own_redis(tmp_path, "--requirepass", "hunter2-hunter2") as url:
        address = url.removeprefix("redis://")
        right = await examine_queue(world, tmp_path / "data", f"redis://:hunter2-hunter2@{address}")
        wrong = await examine_queue(world, tmp_path / "data", f"redis://:hunter3-hunter3@{address}")
    assert right.state is State.OK
    assert wrong.state is State.FAILED
    assert "password" in wrong.fix


async def test_jobs_that_were_set_aside_are_a_warning(world, tmp_path, redis_url):
    keys = Keys(world.telegram.bot_token.partition(":")[0])
    async with open_redis(redis_url) as redis:
        await redis.hset(keys("dead"), "some-job", 0)
        finding = await examine_queue(world, tmp_path, redis_url)
        await redis.delete(keys("dead"))
    assert finding.state is State.WARNING
    assert "dead-letters" in finding.fix


# The examination itself.


async def hang(_):
    await asyncio.Event().wait()


async def crash(_):
    raise ValueError("https://user:secret-password@example.org")


# OpenTelemetry.


@pytest.mark.parametrize(
    ("status", "state", "fix"),
    [(200, "ok", None), (401, "warning", "OTEL_EXPORTER_OTLP_HEADERS"), (404, "warning", "without /v1/traces")],
)
async def test_a_collector_is_sent_a_request_without_spans(world, tmp_path, monkeypatch, status, state, fix):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20abc")
    asked = []

    def answer(request):
        asked.append((request.method, request.path, request.headers["Authorization"]))
        return web.Response(status=status)

    async with party(answer) as url:
        finding = await examine_part(check_collector, world.settings(tmp_path, otel_exporter_otlp_endpoint=url))
    assert asked == [("POST", "/v1/traces", "Basic abc")]
    assert finding.state == state
    assert (fix or "") in (finding.fix or "")


async def test_a_collector_that_is_away_or_cannot_be_spoken_to_is_named(world, tmp_path, monkeypatch):
    settings = world.settings(tmp_path, otel_exporter_otlp_endpoint=nobody())
    away = await examine_part(check_collector, settings)
    assert (away.state, "start the collector" in away.fix) == (State.WARNING, True)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    missing = await examine_part(check_collector, settings)
    assert (missing.state, "requirements/otel.txt" in missing.fix) == (State.FAILED, True)


async def test_a_check_that_hangs_or_crashes_is_a_finding_and_what_needs_it_is_skipped():
    late, broken, after = Part("late"), Part("broken"), Part("after")
    checks = [Check(late, hang, limit_s=0.01), Check(broken, crash), Check(after, hang, needs=broken)]
    findings = await examine(checks, None)
    assert [(one.name, one.state) for one in findings] == [
        ("late", State.FAILED),
        ("broken", State.FAILED),
        ("after", State.SKIPPED),
    ]
    assert findings[0].what == "no result within 0.01 s"
    assert "secret-password" not in "".join(chain.from_iterable((one.what, one.fix or "") for one in findings))


def test_a_finding_for_people_is_one_line_without_control_characters_and_a_line_with_its_fix():
    part = Part("storage")
    [finding] = redacted(
        [part.failed("answers \x1b[2J\nr8_abcdefghijkl", "correct hunter2-hunter2")], ["hunter2-hunter2"]
    )
    first, fix, _, summary = as_lines([finding, *[]]).splitlines()
    assert first == "failed   storage  answers  [2J [redacted]"
    assert fix == "                  fix: correct [redacted]".replace(" " * 18, " " * first.index("answers"))
    assert summary == "1 failed"
    assert finding == Finding("storage", State.FAILED, "answers \x1b[2J\n[redacted]", "correct [redacted]")
