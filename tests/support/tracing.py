"""What coverage traces of a run on several processes: each line where it says something, and there once.

pytest-cov begins to trace before it knows that it is in a worker, begins anew as one, and leaves its first tracer
running (`pytest_cov.plugin.CovPlugin.pytest_sessionstart` of 7.1). Nobody reads what that one has found, but it would
go on, in tests that are not to be traced, too; `tests/conftest.py` ends it before anything large is imported.
"""

import os
from collections.abc import Iterator

import pytest
import xdist

_WORKER = os.environ.get("PYTEST_XDIST_WORKER")
_TRACES_IMPORTS = "gw0"  # what all workers import and collect one of them may trace


@pytest.hookimpl(wrapper=True)
def pytest_sessionstart(session: pytest.Session) -> Iterator[None]:
    """The process that hands out the tests runs none of them: from here on it would trace pytest alone."""
    yield
    tracer = _tracer(session)
    if tracer and (xdist.is_xdist_controller(session) or _WORKER not in (None, _TRACES_IMPORTS)):
        tracer.pause()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Now come the tests."""
    tracer = _tracer(session)
    if _WORKER and tracer and not tracer.started:
        tracer.resume()


def _tracer(session: pytest.Session):
    plugin = session.config.pluginmanager.getplugin("_cov")
    return plugin and plugin.cov_controller
