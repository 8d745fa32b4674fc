"""Every variable of the contract: what it takes, what it refuses and in which words."""

import base64
import json
import re
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.settings import Settings, SettingsError, doubtful_names, load_settings
from bot.settings.errors import is_secret

ROOT = Path(__file__).parents[3]
TOKEN = "4242424242:AAbench-bench-bench-bench-bench-ben"
SIGNING_SECRET = "whsec_" + base64.b64encode(b"bench-webhook-signing-secret-32b").decode()
S3 = {
    "S3_BUCKET": "my-bot-bucket",
    "S3_ENDPOINT_URL": "http://127.0.0.1:9000",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "benchbench",
}
WHOLE_WORLD_ON_LOOPBACK = {
    **S3,
    "BOT_TOKEN": TOKEN,
    "TELEGRAM_API_URL": "http://127.0.0.1:8081",
    "TELEGRAM_WEBHOOK_SECRET": "bench-telegram-secret",
    "BASE_URL": "http://127.0.0.1:8000",
    "HOST": "127.0.0.1",
    "PORT": "8000",
    "REPLICATE_MODE": "real",
    "REPLICATE_BASE_URL": "http://127.0.0.1:8001",
    "REPLICATE_API_TOKEN": "r8_benchbenchbenchbenchbenchbenchbench",
    "REPLICATE_WEBHOOK_SECRET": SIGNING_SECRET,
    "S3_PUBLIC_ENDPOINT_URL": "http://127.0.0.1:9000",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "info",
    "OUTPUT_HOSTS": "127.0.0.1",
    "USER_MAX_ACTIVE_JOBS": "100000",
    "USER_DAILY_JOBS": "100000",
    "TELEGRAM_RATE_LIMIT": "0",
    "REPLICATE_MAX_ACTIVE": "100000",
    "POLL_INTERVAL_S": "60",
}

# Variable → values that must be refused alone.
WRONG = {
    "BOT_TOKEN": ["hello", "123:short", f"bot{TOKEN}", f"{TOKEN} x", f"{TOKEN}é"],
    "TELEGRAM_API_URL": ["api.telegram.org", "ftp://a", "http://", "https://a/", "https://u:p@a", "https://a?b=c"],
    "TELEGRAM_WEBHOOK_SECRET": ["with space", "é", "a" * 257, "semi;colon"],
    "TELEGRAM_RATE_LIMIT": ["-1", "fast", "1001", "nan", "inf"],
    "BASE_URL": [
        "http://example.org",
        "https://example.org/",
        "example.org",
        "https://",
        "https://u:p@example.org",
        "https://example.org:99999",
        "https://exa mple.org",
        "https://example.org/#x",
        "http://127.0.0.1.example.org",
    ],
    "HOST": ["no host", "256.1.1.1", "http://127.0.0.1", "-a", "a" * 300],
    "PORT": ["0", "65536", "eighty", "80.5", "-1"],
    "SANDBOX_PORT": ["0", "65536", "x"],
    "REPLICATE_MODE": ["fake", "REAL MODE", "1"],
    "REPLICATE_API_TOKEN": ["abc", "r8_", "r8_with space in it", "r8_ünicödetoken"],
    "REPLICATE_BASE_URL": ["https://mock/v1", "mock:8001", "ftp://mock", "https://mock/"],
    "REPLICATE_WEBHOOK_SECRET": ["whsec_", "whsec_****", "whsec_c2hvcnQ=", SIGNING_SECRET[6:], "whsec_é" + "A" * 40],
    "REPLICATE_MAX_ACTIVE": ["0", "-5", "many"],
    "OUTPUT_HOSTS": ["https://replicate.delivery", "a,,b", "a/b", "a:80", "*.replicate.delivery"],
    "S3_BUCKET": ["Upper", "ab", "under_score", "a..b", "-abc", "a" * 64],
    "S3_ENDPOINT_URL": ["storage.example.org", "s3://bucket", "http://s3:9000/"],
    "S3_PUBLIC_ENDPOINT_URL": ["nowhere", "http://:9000"],
    "AWS_ACCESS_KEY_ID": ["a b", "ключ"],
    "AWS_SECRET_ACCESS_KEY": ["a b", "ключключ"],
    "AWS_REGION": ["EU West", "é"],
    "DATA_DIR": [__file__],
    "PRESIGNED_URL_TTL_S": ["59", "604801", "1h"],
    "TASK_TTL_DAYS": ["0", "366", "0.5"],
    "IMAGE_TTL_DAYS": ["0", "-1", "forever"],
    "QUEUE_URL": ["localhost:6379", "http://redis", "memory://", "redis://", "amqp://u:hunter22@q"],
    "USER_MAX_ACTIVE_JOBS": ["0", "x"],
    "USER_DAILY_JOBS": ["0", "x"],
    "MAX_IMAGE_MB": ["0", "101", "20MB"],
    "JOB_TIMEOUT_S": ["0", "86401", "x"],
    "POLL_INTERVAL_S": ["0", "3601", "x"],
    "ADMIN_IDS": ["1,two", "1,,2", "0", "1;2", "9" * 17],
    "ALLOWED_IDS": ["@someone", "1.5", ","],
    "API_ALLOWED_ORIGINS": [
        "shop.example",
        "https://shop.example/",
        "https://shop.example/page",
        "null",
        "*,",
        "ftp://x",
    ],
    "API_MAX_ACTIVE_JOBS": ["0", "x"],
    "API_DAILY_JOBS": ["0", "x"],
    "API_RATE_LIMIT": ["-1", "fast", "nan"],
    "API_KEYS": ["short", f"{'k' * 16},short", f"{'k' * 16},", "k k" * 16],
    "METRICS_TOKEN": ["short", "with a space in it"],
    "OTEL_EXPORTER_OTLP_ENDPOINT": ["collector:4318", "grpc://collector:4317", "http://u:p@collector", "http://c//"],
    "DEFAULT_LOCALE": ["de", "EN", "pt-BR"],
    "TIMEZONE": ["Mars/Olympus", "Asia", "../etc/passwd", "UTC+3"],
    "LOG_LEVEL": ["loud", "trace"],
    "LOG_FORMAT": ["xml", "text"],
}

# Combinations of well-formed values, the variable the line must name, and a word of what it wants.
CONTRADICTIONS = [
    ({"REPLICATE_MODE": "real"}, "REPLICATE_API_TOKEN", "r8_"),
    (
        {"REPLICATE_MODE": "real", "REPLICATE_API_TOKEN": "r8_0123456789abc", "REPLICATE_BASE_URL": "http://mock:8001"},
        "REPLICATE_BASE_URL",
        "https",
    ),
    ({"REPLICATE_BASE_URL": "https://api.replicate.com"}, "REPLICATE_BASE_URL", "mock"),
    ({"QUEUE_URL": "redis://127.0.0.1:6379/0"}, "QUEUE_URL", "S3_BUCKET"),
    ({**S3, "QUEUE_URL": "redis://127.0.0.1:6379/0"}, "QUEUE_URL", "BOT_TOKEN"),
    ({**S3, "QUEUE_URL": "redis://127.0.0.1:6379/0", "BOT_TOKEN": TOKEN}, "REPLICATE_BASE_URL", "share"),
    ({"S3_ENDPOINT_URL": "http://s3:9000"}, "S3_ENDPOINT_URL", "S3_BUCKET"),
    ({"S3_PUBLIC_ENDPOINT_URL": "http://s3:9000"}, "S3_PUBLIC_ENDPOINT_URL", "S3_BUCKET"),
    ({**S3, "AWS_ACCESS_KEY_ID": ""}, "AWS_ACCESS_KEY_ID", "S3_ENDPOINT_URL"),
    ({**S3, "AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY", "S3_ENDPOINT_URL"),
    ({"S3_BUCKET": "abc", "AWS_ACCESS_KEY_ID": "bench"}, "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
    ({"S3_BUCKET": "abc", "AWS_SECRET_ACCESS_KEY": "benchbench"}, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ({"BOT_TOKEN": TOKEN, "SANDBOX_PORT": "8090"}, "SANDBOX_PORT", "BOT_TOKEN"),
    ({"PORT": "8080"}, "SANDBOX_PORT", "PORT"),
    ({"TELEGRAM_API_URL": "http://127.0.0.1:8081"}, "TELEGRAM_API_URL", "BOT_TOKEN"),
    ({"TELEGRAM_WEBHOOK_SECRET": "abcdefghijkl"}, "TELEGRAM_WEBHOOK_SECRET", "BOT_TOKEN"),
    ({"BASE_URL": "https://bot.example.org"}, "BASE_URL", "BOT_TOKEN"),
    ({"BASE_URL": "ngrok"}, "BASE_URL", "BOT_TOKEN"),
    ({"BOT_TOKEN": TOKEN, "BASE_URL": "http://127.0.0.1:8000"}, "BASE_URL", "Telegram"),
    ({"BOT_TOKEN": TOKEN, "BASE_URL": "https://example.org:9443"}, "BASE_URL", "8443"),
]


def load(values, env_file=None):
    return load_settings(values, env_file)


def complaint(values, env_file=None):
    with pytest.raises(SettingsError) as caught:
        load(values, env_file)
    return str(caught.value)


def faults(values):
    try:
        load(values)
    except SettingsError as error:
        return error.faults
    return ()


def secret(variable):
    return is_secret(Settings.model_fields[variable.lower()])


def test_every_variable_has_refused_values():
    assert set(WRONG) == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize(("variable", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_one_line_that_names_the_variable_and_never_a_secret(variable, value):
    text = complaint({variable: value})
    assert re.fullmatch(rf"{variable}: got .+, wants .+", text)
    if secret(variable):
        assert text.startswith(f"{variable}: got a value of {len(value)} characters, wants ")


@pytest.mark.parametrize(("values", "variable", "hint"), CONTRADICTIONS)
def test_a_contradiction_stops_the_start_with_one_line(values, variable, hint):
    text = complaint(values)
    assert re.fullmatch(rf"{variable}: got .+, wants .+", text)
    assert hint in text.partition("wants")[2]
    for name, value in values.items():
        assert not (secret(name) and value and value in text)


def test_a_tunnel_is_shown_by_the_name_that_was_given():
    assert "got 'cloudflared'" in complaint({"BASE_URL": "cloudflared"})


def test_all_wrong_variables_are_told_at_once_in_one_line_each():
    text = complaint({"PORT": "x", "TIMEZONE": "Mars", "BOT_TOKEN": "hello", "API_KEYS": "short"})
    assert [line.partition(":")[0] for line in text.splitlines()] == ["BOT_TOKEN", "PORT", "API_KEYS", "TIMEZONE"]


def test_a_token_pasted_into_the_wrong_variable_is_not_shown():
    text = complaint({"PORT": TOKEN, "HOST": "http://u:hunter22@host", "REPLICATE_MODE": "r8_0123456789abcdef"})
    assert "AAbench" not in text
    assert "hunter22" not in text
    assert "0123456789abcdef" not in text


def test_a_value_with_line_breaks_stays_on_one_line():
    assert len(complaint({"HOST": "a\nb\rc\u2028d"}).splitlines()) == 1


def test_a_long_value_is_cut():
    assert len(complaint({"HOST": "x" * 10_000})) < 250


def test_the_error_does_not_drag_the_raw_input_along():
    with pytest.raises(SettingsError) as caught:
        load({"BOT_TOKEN": "hello-secret"})
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@given(st.sampled_from(sorted(WRONG)), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_text_is_taken_or_refused_in_one_line(variable, value):
    if variable == "DATA_DIR":
        value = value.replace("\0", "")
    for fault in faults({variable: value}):
        assert len(str(fault).splitlines()) == 1
        assert not secret(fault.variable) or fault.got in {f"a value of {len(value.strip())} characters", "nothing"}


def test_nothing_set_is_a_sandbox_with_files_and_the_mock():
    settings = load({})
    assert settings.sandbox
    assert settings.replicate_mode == "mock"
    assert settings.replicate_base_url is None
    assert (settings.s3_bucket, settings.queue_url, settings.base_url) == (None, None, None)
    assert settings.timezone is UTC


def test_a_world_on_loopback_is_taken():
    settings = load(WHOLE_WORLD_ON_LOOPBACK)
    assert not settings.sandbox
    assert settings.telegram_rate_limit == 0
    assert settings.poll_interval_s == 60
    assert settings.allowed_outputs.allows("http://127.0.0.1:4000/out.jpg")


@pytest.mark.parametrize(
    "values",
    [
        {"BOT_TOKEN": TOKEN},
        {"BOT_TOKEN": TOKEN, "BASE_URL": "https://example.org"},
        {"BOT_TOKEN": TOKEN, "BASE_URL": "https://example.org:8443/bot"},
        {"BASE_URL": "http://localhost:8000"},
        {"BASE_URL": "http://[::1]:8000"},
        {"REPLICATE_MODE": "real", "REPLICATE_API_TOKEN": "r8_0123456789abcdef"},
        {"REPLICATE_BASE_URL": "http://mock:8001"},
        {"S3_BUCKET": "on-aws.with-a-role"},
        {
            **S3,
            "QUEUE_URL": "rediss://:pw@cache.example.org:6380/1",
            "BOT_TOKEN": TOKEN,
            "REPLICATE_BASE_URL": "http://mock:8001",
        },
        {"HOST": "0.0.0.0"},
        {"HOST": "::"},
        {"HOST": "bot_1.internal"},
        {"LOG_LEVEL": "INFO", "LOG_FORMAT": "Console"},
        {"AWS_ACCESS_KEY_ID": "someone-elses"},
        {"OUTPUT_HOSTS": "replicate.delivery, [::1], CDN.example.org"},
    ],
)
def test_good_combinations_are_taken(values):
    assert load(values)


def test_an_empty_or_blank_value_counts_as_unset():
    assert load(dict.fromkeys(WRONG, " ")) == load({})


def test_surrounding_white_space_of_a_mounted_secret_is_dropped():
    assert load({"BOT_TOKEN": f" {TOKEN}\r\n"}).bot_token.get_secret_value() == TOKEN


def test_unrelated_environment_variables_are_ignored():
    assert load({"PATH": "/bin", "HOSTNAME": "x", "S3_SOMETHING": "y", "AWS_DEFAULT_REGION": "z"}) == load({})


# What stands in usual environments, of shells, containers, Kubernetes and CI.
USUAL = [
    "PATH",
    "HOME",
    "HOSTNAME",
    "LANG",
    "SHELL",
    "TERM",
    "TZ",
    "PWD",
    "host",
    "port",
    "PORTS",
    "PORT0",
    "HOSTS",
    "HOST_IP",
    "BOT_PORT",
    "BOT_SERVICE_HOST",
    "BOT_HOST",
    "BOT_SERVICE_PORT",
    "BOT_PORT_8000_TCP",
    "BOT_PORT_8000_TCP_ADDR",
    "BOT_NAME",
    "REDIS_PORT",
    "REDIS_URL",
    "S3_PORT",
    "S3_SERVICE_HOST",
    "QUEUE_PORT",
    "METRICS_PORT",
    "REPLICATE_PORT",
    "SANDBOX_SERVICE_PORT",
    "MOCK_REPLICATE_SCENARIO",
    "KUBERNETES_PORT",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_PROFILE",
    "AWS_REGIONS",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "DISCORD_BOT_TOKEN",
    "SLACK_BOT_TOKEN",
    "DATABASE_URL",
    "ALLOWED_HOSTS",
    "ALLOWED_USERS",
    "S3_BUCKET_NAME",
    "XDG_DATA_DIRS",
    "JOB_ID",
    "BASE_DIR",
    "DATA_ROOT",
    "http_proxy",
    "NO_PROXY",
    "CI",
    "DEBUG",
]


def test_usual_names_in_the_environment_are_no_misspelt_settings(monkeypatch):
    assert load(dict.fromkeys(USUAL, "tcp://10.0.0.1:80")) == load({})
    for name in USUAL:
        monkeypatch.setenv(name, "x")
    assert not {doubt.variable for doubt in doubtful_names(Settings())} & set(USUAL)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("BOT_TOKN", "BOT_TOKEN"),
        ("BOTTOKEN", "BOT_TOKEN"),
        ("bot_token", "BOT_TOKEN"),
        ("ALLOWD_IDS", "ALLOWED_IDS"),
        ("ALLOW_IDS", "ALLOWED_IDS"),
        ("ALLOWED_ID", "ALLOWED_IDS"),
        ("METRIC_TOKEN", "METRICS_TOKEN"),
        ("USER_DAILY_JOB", "USER_DAILY_JOBS"),
    ],
)
def test_a_misspelt_name_in_the_environment_stops_the_start_where_harm_is_near(name, meant):
    text = complaint({name: "s3cret-value"})
    assert text == f"{name}: got an unknown name in the environment, wants {meant}: did you mean that?"
    set_too = TOKEN if meant == "BOT_TOKEN" else {"METRICS_TOKEN": "long-enough"}.get(meant, "42")
    assert load({name: "x", meant: set_too})  # that one is set, so the other is somebody else's


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("LOGLEVEL", "LOG_LEVEL"),
        ("ADMIN_ID", "ADMIN_IDS"),
        ("TELEGRAM_BOT_TOKEN", "BOT_TOKEN"),
        ("API_KEY", "API_KEYS"),
    ],
)
def test_another_doubtful_name_in_the_environment_is_asked_about(monkeypatch, name, meant):
    assert load({name: "x"}) == load({})
    monkeypatch.setenv(name, "x")
    assert f"{name}: got an unknown name in the environment, wants {meant}: did you mean that?" in map(
        str, doubtful_names(Settings())
    )


def test_the_constructor_refuses_unknown_names_and_ignores_the_environment(monkeypatch):
    monkeypatch.setenv("PORT", "9999")
    monkeypatch.setenv("port", "9999")
    assert Settings().port == 8000
    with pytest.raises(ValidationError, match="prot"):
        Settings(prot=1)


def test_the_constructor_does_not_print_a_secret_either():
    with pytest.raises(ValidationError) as caught:
        Settings(bot_token="not-a-token-but-secret")
    assert "not-a-token" not in str(caught.value)


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        Settings().port = 1


# ---------------------------------------------------------------- .env


def env_file(tmp_path, text):
    path = tmp_path / ".env"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_environment_wins_over_the_file_and_an_empty_variable_hides_it(tmp_path):
    path = env_file(tmp_path, "PORT=9001\nHOST=0.0.0.0\nMAX_IMAGE_MB=5\n")
    settings = load({"PORT": "9002", "HOST": ""}, path)
    assert (settings.port, settings.host, settings.max_image_mb) == (9002, "127.0.0.1", 5)


def test_the_file_may_have_quotes_comments_exports_and_a_byte_order_mark(tmp_path):
    path = env_file(tmp_path, "\ufeff# hello\nexport PORT='9001'  # inline\n\nAWS_REGION=\"eu-1\"\n")
    settings = load({}, path)
    assert (settings.port, settings.aws_region) == (9001, "eu-1")


def test_a_dollar_in_a_secret_stays_as_written(tmp_path):
    path = env_file(tmp_path, "METRICS_TOKEN=pa$HOME${HOME}word\n")
    assert load({}, path).metrics_token.get_secret_value() == "pa$HOME${HOME}word"


def test_a_missing_file_is_an_empty_one(tmp_path):
    assert load({}, tmp_path / "none") == load({})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("BOT_TOKN", "BOT_TOKEN"),
        ("bot_token", "BOT_TOKEN"),
        ("TELEGRAM_BOT_TOKEN", "BOT_TOKEN"),
        ("REPLICATE_TOKEN", "REPLICATE_API_TOKEN"),
        ("S3_ENDPOINT", "S3_ENDPOINT_URL"),
        ("PRESIGNED_URL_TTL", "PRESIGNED_URL_TTL_S"),
        ("AWS_ACCES_KEY_ID", "AWS_ACCESS_KEY_ID"),
        ("REPLICATE_WHATEVER", ".env.example"),
    ],
)
def test_a_name_in_the_file_that_looks_like_ours_is_refused_with_what_was_meant(tmp_path, name, meant):
    text = complaint({}, env_file(tmp_path, f"{name}=some-secret-value\n"))
    assert re.fullmatch(rf"{name}: got an unknown name .+, wants .*{re.escape(meant)}.*", text)
    assert "some-secret-value" not in text


def test_names_of_others_in_the_file_are_ignored(tmp_path):
    path = env_file(tmp_path, "COMPOSE_PROJECT_NAME=x\nAWS_DEFAULT_REGION=y\nAWS_SESSION_TOKEN=z\nNGROK_AUTHTOKEN=q\n")
    assert load({}, path) == load({})


@pytest.mark.parametrize("text", [b"PORT\n", b"\xff\xfe", b"PORT='unclosed\n"])
def test_a_file_that_is_not_assignments_is_refused_in_one_line(tmp_path, text):
    path = env_file(tmp_path, text)
    assert re.fullmatch(rf"{re.escape(str(path))}: got .+, wants .+", complaint({}, path))


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    assert "IsADirectoryError" in complaint({}, tmp_path)


def test_faults_of_file_and_values_come_together(tmp_path):
    path = env_file(tmp_path, "BOT_TOKN=x\nPORT=y\n")
    assert [line.partition(":")[0] for line in complaint({}, path).splitlines()] == ["BOT_TOKN", "PORT"]


def example():
    """Name → (value, comment) of every line of .env.example."""
    found, comment = {}, []
    for line in (ROOT / ".env.example").read_text().splitlines():
        if match := re.fullmatch(r"#([A-Z0-9_]+)=(.*)", line):
            found[match[1]] = (match[2], " ".join(comment))
        comment = [*comment, line] if line.startswith("# ") else []
    return found


def test_the_example_file_lists_every_setting_in_order_with_a_comment():
    assert list(example()) == [name.upper() for name in Settings.model_fields]
    assert not [name for name, (_, comment) in example().items() if len(comment) < 20]


def test_the_example_file_shows_the_defaults(tmp_path):
    shown = {name: value for name, (value, _) in example().items() if name != "SANDBOX_PORT"}
    assert load(shown) == load({})
    assert load({"SANDBOX_PORT": example()["SANDBOX_PORT"][0]}).sandbox_port == Settings().sandbox_port
    unset = {name.lower() for name, (value, _) in example().items() if not value}
    assert {name for name, value in Settings() if value is None or value in (frozenset(), ())} == unset


def test_every_setting_is_described():
    assert not [name for name, field in Settings.model_fields.items() if len(field.description or "") < 15]


# ---------------------------------------------------------------- derived values


def test_the_public_endpoint_is_the_inner_one_unless_named():
    assert load(S3).s3_public_endpoint_url == S3["S3_ENDPOINT_URL"]
    named = load({**S3, "S3_PUBLIC_ENDPOINT_URL": "https://files.example.org"})
    assert named.s3_public_endpoint_url == "https://files.example.org"


def test_real_mode_goes_to_the_official_server_unless_told_otherwise():
    real = {"REPLICATE_MODE": "real", "REPLICATE_API_TOKEN": "r8_0123456789abcdef"}
    assert load(real).replicate_base_url == "https://api.replicate.com"
    assert load({**real, "REPLICATE_BASE_URL": "http://localhost:1"}).replicate_base_url == "http://localhost:1"


def test_megabytes_are_counted_as_telegram_counts_them():
    assert load({"MAX_IMAGE_MB": "7"}).max_image_bytes == 7 * 1024 * 1024


def test_lists_are_read_with_spaces_and_without_duplicates():
    settings = load(
        {"ADMIN_IDS": "1, 2,2", "ALLOWED_IDS": "-100123,5", "API_KEYS": f"{'a' * 16}, {'b' * 16},{'a' * 16}"}
    )
    assert settings.admin_ids == {1, 2}
    assert settings.allowed_ids == {-100123, 5}
    assert [key.get_secret_value() for key in settings.api_keys] == ["a" * 16, "b" * 16]


def test_the_time_zone_is_a_real_one():
    assert load({"TIMEZONE": "Asia/Seoul"}).timezone == ZoneInfo("Asia/Seoul")


def test_the_webhook_secret_is_derived_equally_by_all_replicas_of_one_bot():
    first, again = load({"BOT_TOKEN": TOKEN}), load({"BOT_TOKEN": TOKEN, "PORT": "9000"})
    other = load({"BOT_TOKEN": TOKEN.replace("4242424242", "4242424243")})
    secret_token = first.telegram_secret_token.get_secret_value()
    assert re.fullmatch(r"[A-Za-z0-9_-]{32,256}", secret_token)
    assert secret_token == again.telegram_secret_token.get_secret_value()
    assert secret_token != other.telegram_secret_token.get_secret_value()
    named = load({"BOT_TOKEN": TOKEN, "TELEGRAM_WEBHOOK_SECRET": "mine"})
    assert named.telegram_secret_token.get_secret_value() == "mine"


def test_signing_keys_differ_by_purpose_and_by_token():
    sandbox, bot = load({}), load({"BOT_TOKEN": TOKEN})
    keys = {sandbox.signing_key("files"), sandbox.signing_key("callback"), bot.signing_key("files")}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}
    # HMAC-SHA256 of "files" under the token, computed by openssl: links must survive an upgrade.
    assert bot.signing_key("files").hex() == "fe1de9058116b55d407090f0d80dad2f5004b51d4a3185cc5a1c93c8d6477ba8"


def test_the_summary_is_json_and_holds_no_secret():
    everything = {
        **WHOLE_WORLD_ON_LOOPBACK,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "QUEUE_URL": "redis://user:hunter22@127.0.0.1:6379/0",
        "API_KEYS": "k" * 16,
        "METRICS_TOKEN": "metrics-token-value",
        "ADMIN_IDS": "3,1",
    }
    settings = load(everything)
    for text in (json.dumps(settings.summary()), repr(settings), str(settings)):
        assert not [value for value in settings.secret_values() if value in text]
    summary = settings.summary()
    assert set(summary) == {"sandbox", *Settings.model_fields}
    assert summary["bot_token"] == "set"
    assert summary["queue_url"].endswith("@127.0.0.1:6379/0")
    assert summary["admin_ids"] == [1, 3]
    assert load({}).summary()["bot_token"] is None


def test_secret_values_are_complete_for_redaction():
    settings = load({**WHOLE_WORLD_ON_LOOPBACK, "QUEUE_URL": "redis://:hunter22@h/0", "API_KEYS": "k" * 16})
    assert {TOKEN, "hunter22", "k" * 16, SIGNING_SECRET, "benchbench"} <= set(settings.secret_values())
    assert not [value for value in settings.secret_values() if value.startswith("redis://")]


# ---------------------------------------------------------------- where results may come from


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://replicate.delivery/a.png", True),
        ("https://pbxt.replicate.delivery/a.png", True),
        ("https://PBXT.Replicate.Delivery./a.png", True),
        ("https://replicate.delivery:8443/a.png", True),
        ("http://replicate.delivery/a.png", False),
        ("https://replicate.delivery.evil.example/a.png", False),
        ("https://evilreplicate.delivery/a.png", False),
        ("https://replicate.delivery@evil.example/a.png", False),
        ("https://evil.example/replicate.delivery", False),
        ("https://user:pw@replicate.delivery/a.png", False),
        ("http://127.0.0.1:8001/a.png", False),
        ("file:///etc/passwd", False),
        ("https://[::1/a.png", False),
        ("https:///a.png", False),
        ("ftp://replicate.delivery/a.png", False),
        ("https://replicate.delivery:99999/", False),
        ("data:image/png;base64,AAAA", False),
        ("", False),
    ],
)
def test_outputs_in_real_mode_come_over_https_from_named_hosts_only(url, allowed):
    settings = load({"REPLICATE_MODE": "real", "REPLICATE_API_TOKEN": "r8_0123456789abcdef"})
    assert settings.allowed_outputs.allows(url) is allowed


def test_plain_http_is_for_a_loopback_host_named_in_output_hosts():
    hosts = load({**WHOLE_WORLD_ON_LOOPBACK, "OUTPUT_HOSTS": "127.0.0.1,cdn.example.org"}).allowed_outputs
    assert hosts.allows("http://127.0.0.1:5000/x")
    assert hosts.allows("https://cdn.example.org/x")
    assert not hosts.allows("http://cdn.example.org/x")
    assert not hosts.allows("http://localhost:5000/x")
    assert not hosts.allows("http://evil.127.0.0.1/x")


def test_the_mocks_own_host_is_allowed_in_mock_mode_only():
    assert load({}).allowed_outputs.allows("http://127.0.0.1:8001/x")
    compose = load({"REPLICATE_BASE_URL": "http://mock:8001"}).allowed_outputs
    assert compose.allows("http://mock:8001/x")
    assert not compose.allows("http://127.0.0.1:8001/x")


def test_importing_the_settings_pulls_in_no_framework():
    code = (
        "import sys, bot.settings; print([m for m in ('aiogram','aiohttp','aioboto3','replicate') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
