"""compose.yaml: what must hold for whoever types `docker compose up`."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
PRODUCTION = yaml.safe_load((ROOT / "compose.production.yaml").read_text())
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
    profiles = {name: " ".join(service.get("profiles", ["always"])) for name, service in SERVICES.items()}
    assert profiles == {
        **dict.fromkeys(["bot", "mock", "s3", "init-storage", "engine"], "always"),
        **dict.fromkeys(["worker", "balancer"], "scale"),
        **dict.fromkeys(["prometheus", "grafana"], "observability"),
    }


@pytest.mark.parametrize("file", ["compose.yaml", "compose.production.yaml"])
def test_the_file_is_what_the_compose_specification_calls_one(file):
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    validator = Draft7Validator(json.loads(schema.read_text()))
    assert [error.message for error in validator.iter_errors(yaml.safe_load((ROOT / file).read_text()))] == []


def test_in_production_there_is_no_mock_and_nothing_is_open_beyond_this_machine():
    services = PRODUCTION["services"]
    assert set(services) == {"bot", "worker", "init-storage", "balancer", "engine"}
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "balancer": ["127.0.0.1:8080:8080"]
    }
    environ = services["bot"]["environment"] | {
        "S3_BUCKET": "photos",
        "QUEUE_URL": "redis://engine:6379/0",
        "BOT_TOKEN": CREDENTIALS["BOT_TOKEN"],
        "REPLICATE_API_TOKEN": "r8_0123456789abcdef",
        "BASE_URL": "https://photos.example.org",
    }
    settings = load_settings(environ, None)
    assert settings.replicate_mode == "real"
    assert services["worker"]["command"] == ["worker"]
    assert services["worker"]["environment"] == services["bot"]["environment"]


def test_both_files_hand_requests_to_the_bots_alike():
    used = [file["configs"]["balancer"]["content"] for file in (COMPOSE, PRODUCTION)]
    assert [text.count("proxy_pass $$bots;") for text in used] == [1, 1]
    assert all(re.search(r"(?<!\$)\$(?!\$)", text) is None for text in used)  # compose would replace it


def test_the_dashboard_shows_what_is_served():
    dashboard = json.loads((ROOT / "docs" / "grafana-dashboard.json").read_text())
    listed = set(re.findall(r"^\| `(darkroom_[a-z_]+)` \|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
    queries = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    shown = {re.sub(r"_bucket$", "", name) for name in re.findall(r"darkroom_[a-z_]+", queries)}
    assert shown <= listed
    assert len(shown) > len(listed) / 2


def test_only_bot_and_balancer_are_published_beyond_this_machine():
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports.pop("bot") == ["${BOT_PORT:-8000}:8000"]
    assert ports.pop("balancer") == ["8080:8080"]
    assert all(port.startswith("127.0.0.1:") for published in ports.values() for port in published)


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
    assert SERVICES["init-storage"]["depends_on"] == {"s3": {"condition": "service_healthy"}}
    assert SERVICES["init-storage"]["command"] == ["init-storage"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned_to_a_version(name):
    _, _, tag = SERVICES[name]["image"].rpartition(":")
    assert re.match(r"v?\d+\.\d+", tag)


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
    foreign = {variable for variable in SERVICES[name].get("environment", {}) if variable.startswith("GF_")}
    mood = {"MOCK_REPLICATE_SCENARIO"} if name == "mock" else set()
    assert set(SERVICES[name].get("environment", {})) - foreign - mood <= SETTINGS
    assert not foreign or name == "grafana"


def test_our_containers_can_gain_nothing():
    for name in ("bot", "worker", "mock", "init-storage"):
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


def test_the_engine_carries_the_work_unless_it_is_turned_off():
    settings = load_settings(environment("bot", CREDENTIALS), None)
    assert settings.queue_url
    assert settings.queue_url.get_secret_value() == "redis://engine:6379/0"
    assert load_settings(environment("bot", {**CREDENTIALS, "QUEUE_URL": ""}), None).queue_url is None


def test_the_s3_server_listens_where_the_bot_and_its_console_are_expected():
    command = SERVICES["s3"]["command"]
    assert command[0] == "mini"
    assert {"-s3.port=9000", "-admin.port=9001", "-dir=/data", "-master.telemetry=false"} <= set(command)
