"""The files a newcomer meets first: locks, make targets, continuous integration, image, licence."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from bot.version import VERSION

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
LOCKS = ["runtime", "otel", "dev"]


def pins(lock):
    """Name → version, markers dropped."""
    text = (ROOT / f"requirements/{lock}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9._-]+(?:\[[a-z0-9,]+\])?)==([^ ;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_has_hashes(lock):
    text = (ROOT / f"requirements/{lock}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) > 10
    hashed = re.compile(r"[a-z0-9._-]+(\[[a-z0-9,]+\])?==\S+ .*--hash=sha256:")
    assert not [line[:60] for line in lines if not hashed.match(line)]


@pytest.mark.parametrize(
    "path",
    ["Makefile", "Dockerfile", ".ci/run", "pyproject.toml"]
    + [f"requirements/{lock}.{kind}" for lock in LOCKS for kind in ("in", "txt")],
)
def test_no_package_index_is_written_down(path):
    text = (ROOT / path).read_text().replace("--no-emit-index-url", "")
    assert not re.search(r"index-url|find-links|trusted-host|https?://(?!127\.0\.0\.1)", text)


def test_the_locks_that_are_installed_together_hold_the_same_versions():
    runtime, otel, dev = map(pins, LOCKS)
    assert {name: dev.get(name) for name in runtime | otel} == runtime | otel
    assert {name: runtime[name] for name in otel if name in runtime}.items() <= otel.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_asked_for_is_locked(lock):
    asked = re.findall(r"^([A-Za-z][A-Za-z0-9_-]*)", (ROOT / f"requirements/{lock}.in").read_text(), re.MULTILINE)
    locked = {name.partition("[")[0] for name in pins(lock)}
    assert {name.lower().replace("_", "-") for name in asked} <= locked


def test_the_official_client_limits_python():
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"
    assert "(3, 11) <= sys.version_info < (3, 14)" in MAKEFILE
    assert set(re.findall(r"FROM python:(\S+)", DOCKERFILE)) == {"3.13-slim"}


def test_the_licence_is_there_and_named():
    assert PROJECT["project"]["license"] == "MIT"
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License")
    assert "2026 The Darkroom authors" in text


def test_the_coverage_of_the_four_packages_is_measured_with_branches_and_has_a_floor():
    coverage = PROJECT["tool"]["coverage"]
    assert coverage["run"]["branch"] is True
    assert set(coverage["run"]["source"]) == {"bot", "storage", "replicate_gateway", "mock_server"}
    assert coverage["report"]["fail_under"] >= 90


# ---------------------------------------------------------------- make


def make(*arguments, cwd=ROOT, **environ):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=cwd, env={**environment, **environ}, capture_output=True, text=True, check=False
    )


def test_plain_make_lists_every_target():
    answer = make()
    assert answer.returncode == 0
    listed = set(re.findall(r"^  make ([a-z]+)", answer.stdout, re.MULTILINE))
    assert listed == {
        *("help", "run", "demo", "doctor", "test", "lint", "bench", "chaos", "languages", "reference", "lock")
    }
    assert listed == set(re.search(r"^\.PHONY: (.+)", MAKEFILE, re.MULTILINE)[1].split())


@pytest.mark.parametrize(
    ("target", "lock"),
    [(target, "runtime") for target in ("run", "demo", "doctor", "languages", "reference")]
    + [(target, "dev") for target in ("test", "lint", "bench", "chaos")],
)
def test_each_target_does_its_own_set_up(target, lock):
    recipe = make("--dry-run", "PHOTO=a.jpg", target).stdout
    assert f"--require-hashes -r requirements/{lock}.txt" in recipe
    assert f"cmp -s requirements/{lock}.txt" in recipe


def test_demo_without_a_photo_says_how_to_call_it():
    answer = make("demo")
    assert answer.returncode == 2
    assert "make demo PHOTO=in.jpg" in answer.stderr


@pytest.fixture
def bare_checkout(tmp_path):
    """A checkout without an environment, on a machine whose only programs are those in `bin`."""
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/runtime.txt").write_text("")
    (tmp_path / "bin").mkdir()
    for name in ("sh", "cmp", "cp", "make"):
        found = next(folder / name for folder in map(Path, os.get_exec_path()) if (folder / name).exists())
        (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def program(checkout, name, text):
    path = checkout / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_machine_without_a_suitable_python_gets_a_clear_sentence(bare_checkout):
    program(bare_checkout, "python3", "exit 1")
    answer = make("run", cwd=bare_checkout, PATH=str(bare_checkout / "bin"))
    assert answer.returncode == 2
    assert "needs Python 3.11, 3.12 or 3.13" in answer.stderr
    assert not (bare_checkout / ".venv").exists()


def test_an_unsuitable_python_is_passed_over_and_a_lock_is_installed_once_per_content(bare_checkout):
    environment = (
        'mkdir -p "${0%/bin/*}/.venv/bin"; '
        'cp "${0%/*}/installed-python" "${0%/bin/*}/.venv/bin/python"; echo made "$0" >> "${0%/*}/../calls"'
    )
    (bare_checkout / "bin/mkdir").symlink_to("/bin/mkdir")
    program(bare_checkout, "installed-python", 'echo "$@" >> calls')
    program(bare_checkout, "python3.13", "exit 127")  # as a version manager's shim without that version
    program(bare_checkout, "python3.12", f'case "$1" in -c) exit 0;; esac; {environment}')
    program(bare_checkout, "python3.11", "echo never >> calls")
    path = str(bare_checkout / "bin")

    def calls():
        answer = make("run", cwd=bare_checkout, PATH=path)
        assert answer.returncode == 0, answer.stderr
        text = (bare_checkout / "calls").read_text()
        (bare_checkout / "calls").write_text("")
        return [re.sub(r"^made .*/", "made ", line.partition(" --quiet")[0]) for line in text.splitlines()]

    assert calls() == ["made python3.12", "-m pip install", "-m bot"]
    os.utime(bare_checkout / "requirements/runtime.txt")
    assert calls() == ["-m bot"]
    (bare_checkout / "requirements/runtime.txt").write_text("# changed\n")
    assert calls() == ["-m pip install", "-m bot"]


# ---------------------------------------------------------------- continuous integration and image


def test_continuous_integration_runs_lint_and_ends_with_the_tests():
    path = ROOT / ".ci/run"
    assert os.access(path, os.X_OK)
    lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert lines[-3:] == ["make lint", "make test", "tests/clients/run"]
    assert os.access(ROOT / lines[-1], os.X_OK)
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0


def test_the_image_is_locked_compiled_unprivileged_and_checks_itself():
    assert "--require-hashes" in DOCKERFILE
    assert "compileall" in DOCKERFILE
    last_stage = DOCKERFILE.rpartition("FROM ")[2]
    assert re.search(r"^USER (?!root|0)", last_stage, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*--start-period=\d+s", last_stage, re.MULTILINE)
    assert "/healthz" in last_stage
    assert not re.search(r"TOKEN|SECRET|PASSWORD|\.env\b(?!iron)", DOCKERFILE)


def test_the_image_gets_all_packages_and_nothing_private():
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = set(re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.MULTILINE))
    assert copied == let_in
    assert {"bot", "storage", "replicate_gateway", "mock_server"} <= let_in


def test_the_version_is_the_projects():
    assert PROJECT["project"]["version"] == VERSION
