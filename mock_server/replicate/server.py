"""Builds a mock Replicate, runs it on the caller's event loop, and leaves nothing behind."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from mock_server.replicate import control_routes, output_routes, prediction_routes, resource_routes
from mock_server.replicate.background import BackgroundTasks
from mock_server.replicate.callbacks import CallbackSender
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.control import MockControl
from mock_server.replicate.files import FileStore
from mock_server.replicate.inputs import InputReader
from mock_server.replicate.journal import Journal
from mock_server.replicate.middleware import answer_call, answer_control_call
from mock_server.replicate.model_runs import ModelRunner
from mock_server.replicate.models import ModelRegistry
from mock_server.replicate.outputs import OutputStore
from mock_server.replicate.parts import PARTS, Parts
from mock_server.replicate.predictions import PredictionEngine
from mock_server.replicate.rate_limit import TokenBucket
from mock_server.replicate.scenario import ScenarioSwitches

CONNECTIONS_OUT = 200
SHUTDOWN_TIMEOUT_S = 0.5
"""How long calls in progress may take to end; held ones would take for ever."""
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}  # noqa: S104 -- where to reach, not to bind


@dataclass(frozen=True, slots=True)
class MockReplicate:
    """A running mock: where it is, what signs its webhooks, and its controls."""

    base_url: str
    """Without `/v1`, as the Python client wants it."""
    config: MockReplicateConfig
    control: MockControl

    @property
    def webhook_secret(self) -> str:
        """The `whsec_…` that its webhooks are signed with."""
        return self.config.webhook_secret


@asynccontextmanager
async def run_mock_replicate(config: MockReplicateConfig | None = None) -> AsyncIterator[MockReplicate]:
    """Serves until the block is left, then stops every prediction, delivery and thread.

    Raises:
        OSError: the port is taken.
    """
    config = config or MockReplicateConfig()
    async with AsyncExitStack() as stack:
        directory = await _temporary_directory(stack)
        session = await stack.enter_async_context(_session())
        tasks = BackgroundTasks()
        parts = _build(config, directory, session, tasks)
        stack.push_async_callback(parts.runner.close)
        stack.push_async_callback(tasks.close)
        app_runner = web.AppRunner(
            create_app(parts), access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_TIMEOUT_S
        )
        await app_runner.setup()
        stack.push_async_callback(app_runner.cleanup)
        await web.TCPSite(app_runner, config.host, config.port).start()
        stack.callback(parts.engine.forget_all)
        port = app_runner.addresses[0][1]
        origin = config.public_url or f"http://{ANY_ADDRESS.get(config.host, config.host)}:{port}"
        yield MockReplicate(origin, config, parts.control)


def create_app(parts: Parts) -> web.Application:
    """The routes and what surrounds them."""
    # An upload to /v1/files is streamed and has a limit of its own; this one is for JSON bodies.
    app = web.Application(client_max_size=parts.config.max_body_bytes, middlewares=[answer_call, answer_control_call])
    app[PARTS] = parts
    for module in (prediction_routes, resource_routes, output_routes, control_routes):
        app.add_routes(module.routes)
    resource_routes.add_unmodelled(app)
    return app


def _build(
    config: MockReplicateConfig, directory: Path, session: aiohttp.ClientSession, tasks: BackgroundTasks
) -> Parts:
    journal, switches, models = Journal(config.journal_size), ScenarioSwitches(), ModelRegistry()
    files = FileStore(directory / "files", config.clock, config.max_file_bytes)
    outputs = OutputStore(directory / "outputs", config.clock, config.output_ttl_s)
    inputs = InputReader(session, files, max_bytes=config.max_input_bytes, timeout_s=config.input_timeout_s)
    runner = ModelRunner(inputs, outputs)
    callbacks = CallbackSender(config, session, tasks, journal)
    engine = PredictionEngine(config, tasks, runner, outputs, callbacks)
    control = MockControl(
        switches=switches,
        journal=journal,
        engine=engine,
        callbacks=callbacks,
        runner=runner,
        outputs=outputs,
        files=files,
        models=models,
        tasks=tasks,
    )
    return Parts(
        config=config,
        journal=journal,
        switches=switches,
        models=models,
        files=files,
        outputs=outputs,
        runner=runner,
        callbacks=callbacks,
        engine=engine,
        control=control,
        create_limit=TokenBucket(config.rate_limit_creates_per_min, config.clock),
        request_limit=TokenBucket(config.rate_limit_requests_per_min, config.clock),
    )


async def _temporary_directory(stack: AsyncExitStack) -> Path:
    made = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="mock-replicate-")
    stack.push_async_callback(asyncio.to_thread, made.cleanup)
    root = Path(made.name)
    for name in ("files", "outputs"):
        await asyncio.to_thread((root / name).mkdir)
    return root


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS_OUT), cookie_jar=aiohttp.DummyCookieJar()
    )
