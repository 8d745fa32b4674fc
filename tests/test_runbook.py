"""The runbook has a row for everything that tells an operator that something is wrong, and for nothing else."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from bot.cli import COMMANDS
from bot.jobs import attempt
from bot.jobs.prediction_events import OPERATOR_CODES
from replicate_gateway.signature import RefusalReason

ROOT = Path(__file__).parent.parent
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
LOGS = (ROOT / "docs" / "logs.md").read_text()
METRICS = (ROOT / "docs" / "metrics.md").read_text()
ALARMS = (ROOT / "docs" / "prometheus-alerts.yaml").read_text()
SOURCES = "\n".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))


def rows(title):
    """The tables below a heading: name → cells."""
    level, _, _ = title.partition(" ")
    section = re.split(rf"^#{{1,{len(level)}}} ", RUNBOOK.partition(f"\n{title}\n")[2], maxsplit=1, flags=re.MULTILINE)[
        0
    ]
    found = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    named = [cells for cells in found if cells[0].startswith("`")]
    assert len(named) == len({cells[0] for cells in named}), "a row twice"
    return {cells[0].strip("`"): cells[1:] for cells in named}


def test_every_alert_has_a_row():
    sent = set(re.findall(r"\.alert\(\s*\"([a-z_]+)\"", SOURCES)) | OPERATOR_CODES | {attempt._UNFORESEEN}
    calls = re.findall(r"_notifier\.alert\(\s*([^,]+),", SOURCES)
    assert {call for call in calls if not call.startswith('"')} == {"error.code", "_UNFORESEEN"}, "a new kind of alert"
    assert set(rows("## Alerts in the chat")) == sent


def test_every_event_from_warning_upwards_has_a_row():
    loud = set(re.findall(r"^\| `([a-z_]+)` \| (?:warning|error|exception) \|", LOGS, re.MULTILINE))
    by_the_log_itself = set(re.findall(r"\"event\": \"([a-z_]+)\"", (ROOT / "bot" / "log_config.py").read_text()))
    assert loud
    assert by_the_log_itself
    assert set(rows("## Events")) == loud | by_the_log_itself


def test_every_row_says_what_to_do_or_where_that_is_said():
    for title in ("## Alerts in the chat", "## Events", "## /healthz and /readyz"):
        for name, cells in rows(title).items():
            assert cells[0], name
            assert cells[-1] or "see the alert" in cells[0], name
            if "see the alert" in cells[0]:
                assert name in rows("## Alerts in the chat")


def test_every_part_of_readyz_has_a_row():
    circuits = re.search(r"for party in \(([^)]*)\)", (ROOT / "bot" / "app.py").read_text())
    parties = set(re.findall(r"\"([a-z]+)\"", circuits[1]))
    assert set(rows("## /healthz and /readyz")) == parties | {"queue", "log"}


def test_every_alarm_has_a_row_and_is_made_of_figures_that_are_served():
    [group] = yaml.safe_load(ALARMS)["groups"]
    assert set(rows("## Metric alarms")) == {rule["alert"] for rule in group["rules"]}
    served = set(re.findall(r"^\| `(darkroom_[a-z_]+)`", METRICS, re.MULTILINE))
    for text in (*(rule["expr"] for rule in group["rules"]), RUNBOOK):
        named = set(re.findall(r"darkroom_[a-z_]+", text))
        assert named
        assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in named} <= served


def test_alarms_ask_for_labels_and_values_that_the_figures_have():
    [group] = yaml.safe_load(ALARMS)["groups"]
    labels = dict(re.findall(r"^\| `(darkroom_[a-z_]+)` \| \w+ \| ([^|]*)\|", METRICS, re.MULTILINE))
    for rule in group["rules"]:
        for name, label in re.findall(r"(darkroom_[a-z_]+)\{([a-z]+)=", rule["expr"]):
            assert f"`{label}`" in labels[re.sub(r"_(bucket|count|sum)$", "", name)], rule["alert"]
        for value in re.findall(r"=~?\"([a-z|]+)\"", rule["expr"]):
            assert all(word in METRICS or word in SOURCES for word in value.split("|")), rule["alert"]


def test_prometheus_is_given_the_alarms():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    [path] = yaml.safe_load(compose["configs"]["prometheus"]["content"])["rule_files"]
    assert {"source": "alerts", "target": path} in compose["services"]["prometheus"]["configs"]
    assert compose["configs"]["alerts"]["file"] == "docs/prometheus-alerts.yaml"


@pytest.mark.parametrize("command", re.findall(r"python -m bot ([a-z-]+)", RUNBOOK))
def test_the_commands_on_the_page_exist(command):
    assert command in {*COMMANDS, "trace"}


def test_what_is_said_of_refused_requests_is_about_reasons_that_are_counted():
    said = rows("## Events")["request_refused"][1]
    noted = set(re.findall(r"(?:REFUSED_REQUESTS\]|refusals)\.note\(\"([a-z_]+)\"", SOURCES))
    assert {reason for reason in noted if f"`{reason}`" in said} == noted
    for reason in re.findall(r"`callback_([a-z_]+)`", said):
        assert reason in {*get_args(RefusalReason), "reference"}
