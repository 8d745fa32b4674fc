"""The event catalogue in docs/logs.md names what the code can log, neither more nor less."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOGS = (ROOT / "docs" / "logs.md").read_text()
README = (ROOT / "README.md").read_text()
ROW = re.compile(r"^\| `[a-z_]+` \| (?:debug|info|warning|error|exception) \| .*$", re.MULTILINE)
LOGGED = re.compile(r"log(?:ger)?\.(?:debug|info|warning|error|exception)\(\s*\"([a-z_]+)\"")
# Chosen at run time: by the table of answers, by whether something was new, by who has to act.
CHOSEN = re.compile(
    r"Answer\(\d+, \"([a-z_]+)\"|done = \"([a-z_]+)\"|\"(job_recorded|job_repeated|job_failed|callback_verified)\""
)


def test_the_event_catalogue_is_complete_and_true():
    sources = [p for package in ("bot", "storage", "replicate_gateway") for p in (ROOT / package).rglob("*.py")]
    code = "\n".join(path.read_text() for path in sources)
    logged = set(LOGGED.findall(code)) | {name for found in CHOSEN.findall(code) for name in found if name}
    listed = set(re.findall(r"^\| `([a-z_]+)` \| (?:debug|info|warning|error|exception) \|", LOGS, re.MULTILINE))
    assert listed == logged


def test_the_events_in_the_readme_are_those_of_the_catalogue():
    shown = ROW.findall(README)
    assert len(shown) >= 10
    assert set(shown) <= set(ROW.findall(LOGS))
