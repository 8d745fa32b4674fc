"""compose.yaml: what must hold for whoever types `docker compose up`."""

import re
from pathlib import Path

import pytest
import yaml

from bot.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
LONG_RUNNING = sorted(set(SERVICES) - {"init-storage"})
REQUIRED = {"BOT_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
SETTINGS = {name.upper() for name in Settings.model_fields}


def substituted(text, values):
    """What compose makes of `${NAME}`, `${NAME:-default}`, `${NAME-default}` and `${NAME:?message}`."""

    def value(match):
        name, operator, default = match.groups()
        given = values.get(name)
        if operator == ":?":
            assert given, f"{name} is required"
        missing = given is None if operator == "-" else not given
        return default or "" if missing and operator in {":-", "-"} else given or ""

    return re.sub(r"\$\{([A-Z0-9_]+)(:-|-|:\?)?([^}]*)\}", value, str(text))


def environment(service, env_file):
    own = {name: substituted(text, env_file) for name, text in SERVICES[service].get("environment", {}).items()}
    return {**env_file, **own}


def test_the_promised_services_and_nothing_else():
    assert set(SERVICES) == {"bot", "mock", "s3", "init-storage", "engine"}
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["engine"]


def test_only_the_bot_is_published_beyond_this_machine():
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"bot": ["8000:8000"], "s3": ["127.0.0.1:9000:9000", "127.0.0.1:9001:9001"]}


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_a_service_that_stays_has_a_health_check_and_comes_back(name):
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= set(check)
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_bot_waits_for_a_prepared_storage_and_its_mock():
    conditions = {name: entry["condition"] for name, entry in SERVICES["bot"]["depends_on"].items()}
    assert conditions == {
        "init-storage": "service_completed_successfully",
        "mock": "service_healthy",
        "engine": "service_healthy",
    }
    assert SERVICES["bot"]["depends_on"]["engine"]["required"] is False
    assert SERVICES["init-storage"]["depends_on"] == {"s3": {"condition": "service_healthy"}}
    assert SERVICES["init-storage"]["command"] == ["init-storage"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned_to_a_version(name):
    _, _, tag = SERVICES[name]["image"].rpartition(":")
    assert re.match(r"\d+\.\d+", tag)


def test_credentials_have_no_default_and_an_empty_one_stops_compose():
    text = "\n".join(line.partition("# ")[0] for line in (ROOT / "compose.yaml").read_text().splitlines())
    used = set(re.findall(r"\$\{([A-Z0-9_]+):\?", text))
    assert used == REQUIRED
    for name in REQUIRED:
        assert not re.search(rf"\$\{{{name}(?!:\?)", text)
        assert set(re.findall(rf"{name}: (.+)", text)) == {
            line for line in re.findall(rf"{name}: (.+)", text) if line.startswith(f"${{{name}:?")
        }


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_environment_name_is_a_setting(name):
    assert set(SERVICES[name].get("environment", {})) <= SETTINGS


def test_our_containers_can_gain_nothing():
    for name in ("bot", "mock", "init-storage"):
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_what_is_stored_lies_in_named_volumes():
    used = {mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


CREDENTIALS = {
    "BOT_TOKEN": "4242424242:AAbench-bench-bench-bench-bench-ben",
    "AWS_ACCESS_KEY_ID": "somebody",
    "AWS_SECRET_ACCESS_KEY": "something",
}


@pytest.mark.parametrize("service", ["bot", "init-storage"])
def test_the_bot_starts_with_nothing_but_the_credentials(service):
    settings = load_settings(environment(service, CREDENTIALS), None)
    assert (settings.host, settings.port) == ("0.0.0.0", 8000)
    assert (settings.s3_bucket, settings.s3_endpoint_url) == ("my-bot-bucket", "http://s3:9000")
    assert settings.s3_public_endpoint_url == "http://s3:9000"
    assert (settings.replicate_mode, settings.replicate_base_url) == ("mock", "http://mock:8001")
    assert settings.allowed_outputs.allows("http://mock:8001/files/1.png")


@pytest.mark.parametrize("base_url", ["", "https://api.replicate.com"])
def test_real_models_and_a_hosted_bucket_need_env_lines_only(base_url):
    env_file = {
        **CREDENTIALS,
        "REPLICATE_MODE": "real",
        "REPLICATE_API_TOKEN": "r8_0123456789abcdef",
        "REPLICATE_BASE_URL": base_url,
        "S3_ENDPOINT_URL": "https://storage.example.org",
    }
    settings = load_settings(environment("bot", env_file), None)
    assert settings.replicate_base_url == "https://api.replicate.com"
    assert settings.s3_public_endpoint_url == "https://storage.example.org"


def test_a_queue_in_the_engine_profile_is_taken():
    settings = load_settings(environment("bot", {**CREDENTIALS, "QUEUE_URL": "redis://engine:6379/0"}), None)
    assert settings.queue_url


def test_the_s3_server_listens_where_the_bot_and_its_console_are_expected():
    command = SERVICES["s3"]["command"]
    assert command[0] == "mini"
    assert {"-s3.port=9000", "-admin.port=9001", "-dir=/data", "-master.telemetry=false"} <= set(command)
