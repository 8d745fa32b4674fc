"""Programs that tests start and pip does not install: without them a test is skipped here, and fails in CI."""

import os
import shutil

import pytest


def needs(program: str) -> pytest.MarkDecorator:
    """Skip the test where the program is not installed; CI installs it, so there the test shows that it is missing."""
    absent = shutil.which(program) is None and not os.environ.get("CI")
    return pytest.mark.skipif(absent, reason=f"{program} is not installed")


def first_of(*programs: str) -> str:
    """The path of the first of these programs that is installed; skips the test, or fails it in CI, without any."""
    found = next(filter(None, map(shutil.which, programs)), None)
    if found is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(f"none of {', '.join(programs)} is installed")
    return found
