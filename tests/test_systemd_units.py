"""The units in deploy/ are ones that systemd takes, and they start what they say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import COMMANDS, EXIT_USAGE
from tests.support.programs import needs

ROOT = Path(__file__).parent.parent
UNITS = sorted((ROOT / "deploy").glob("*.service"))
PYTHON = "/opt/darkroom/.venv/bin/python"


def value(unit, name):
    [found] = re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)
    return found


def test_commands_by_hand_find_the_files_of_the_service():
    """Only the unit's own processes have its Environment."""
    [environment] = re.findall(r"DATA_DIR=(\S+)", value(ROOT / "deploy" / "darkroom.service", "Environment"))
    page = (ROOT / "docs" / "own-bot.md").read_text()
    assert f"echo 'DATA_DIR={environment}' >> .env" in page
    assert page.index("DATA_DIR=") < page.index("-m bot doctor", page.index("DATA_DIR="))


def test_there_is_one_for_the_bot_and_one_for_workers():
    assert [unit.name for unit in UNITS] == ["darkroom-worker@.service", "darkroom.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_command_exists_and_wrong_settings_are_no_reason_to_start_again(unit):
    program, *arguments = value(unit, "ExecStart").split()
    assert program == PYTHON
    assert arguments[:2] == ["-m", "bot"]
    assert set(arguments[2:]) <= set(COMMANDS)
    assert value(unit, "RestartPreventExitStatus") == str(EXIT_USAGE)
    assert int(value(unit, "TimeoutStopSec")) > 20 + 5 + 5  # steps, background work, requests


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
@needs("systemd-analyze")
def test_systemd_finds_no_fault(unit, tmp_path):
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace(PYTHON, sys.executable))
    name = str(copy).replace("@.", "@1.")  # an instance of a template
    if name != str(copy):
        shutil.copy(copy, name)
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", name], capture_output=True, text=True, check=False, timeout=30
    )
    ours = [line for line in verified.stderr.splitlines() if "darkroom" in line]
    assert (verified.returncode, ours) == (0, [])
