"""The mock's other side: what tests and people turn, and what they can look at. No HTTP in here."""

from collections.abc import Callable

from mock_server.replicate.background import BackgroundTasks
from mock_server.replicate.callbacks import CallbackSender
from mock_server.replicate.clock import MockClock
from mock_server.replicate.deployments import DeploymentStore
from mock_server.replicate.file_links import file_link
from mock_server.replicate.files import FileStore
from mock_server.replicate.journal import Call, Delivery, Journal
from mock_server.replicate.model_runs import ModelRunner
from mock_server.replicate.outputs import OutputStore
from mock_server.replicate.prediction import Prediction, Status
from mock_server.replicate.predictions import PredictionEngine
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.scenario_switches import ScenarioSwitches


class MockControl:
    """Scenarios, journal and held predictions of one running mock; use it on the mock's event loop."""

    def __init__(
        self,
        *,
        switches: ScenarioSwitches,
        journal: Journal,
        engine: PredictionEngine,
        callbacks: CallbackSender,
        runner: ModelRunner,
        outputs: OutputStore,
        files: FileStore,
        deployments: DeploymentStore,
        tasks: BackgroundTasks,
        clock: MockClock,
        files_signing_secret: str,
    ) -> None:
        """Collaborators of the running server."""
        self._switches = switches
        self._journal = journal
        self._engine = engine
        self._callbacks = callbacks
        self._runner = runner
        self._outputs = outputs
        self._files = files
        self._deployments = deployments
        self._tasks = tasks
        self._clock = clock
        self._files_signing_secret = files_signing_secret

    @property
    def scenario(self) -> Scenario:
        """The scenario of every prediction that no other one is queued or asked for."""
        return self._switches.default

    @scenario.setter
    def scenario(self, scenario: Scenario) -> None:
        self._switches.default = scenario

    @property
    def queued_scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios of the next creates."""
        return self._switches.queued

    def next_scenario(self, scenario: Scenario, count: int = 1) -> None:
        """Uses `scenario` for the next `count` creates, after those already queued."""
        self._switches.queue(scenario, count)

    @property
    def calls(self) -> tuple[Call, ...]:
        """What was asked of the mock, oldest first."""
        return tuple(self._journal.calls)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Every attempt to deliver a webhook, oldest first."""
        return tuple(self._journal.deliveries)

    def deliveries_of(self, prediction_id: str, event: str | None = None) -> tuple[Delivery, ...]:
        """The attempts for one prediction, and one event if given."""
        return self._matching(lambda one: one.prediction_id == prediction_id and event in (None, one.event))

    def predictions(self) -> tuple[Prediction, ...]:
        """All predictions, oldest first; read only."""
        return tuple(reversed(self._engine.newest_first()))

    def status(self, prediction_id: str) -> Status:
        """The status of a prediction.

        Raises:
            Problem: 404 for an unknown one.
        """
        return self._engine.get(prediction_id).status

    async def ended(self, prediction_id: str) -> Prediction:
        """The prediction, once it is terminal.

        Raises:
            Problem: 404 for an unknown one.
        """
        prediction = self._engine.get(prediction_id)
        await prediction.ended.wait()
        return prediction

    def release(self, prediction_id: str | None = None) -> int:
        """Lets a held prediction, or all of them, go on; tells how many were waiting.

        Raises:
            Problem: 404 for an unknown one.
        """
        chosen = self.predictions() if prediction_id is None else (self._engine.get(prediction_id),)
        held = [
            prediction
            for prediction in chosen
            if prediction.order.scenario.hold and not prediction.is_terminal and not prediction.released.is_set()
        ]
        for prediction in held:
            prediction.released.set()
        return len(held)

    def resend(self, prediction_id: str) -> bool:
        """Sends the final webhook again under the same webhook-id; False when there never was one.

        Raises:
            Problem: 404 for an unknown prediction.
        """
        return self._callbacks.resend(self._engine.get(prediction_id))

    @property
    def now(self) -> float:
        """The mock's time, seconds since 1970."""
        return self._clock()

    @property
    def speed(self) -> float:
        """How many of the mock's seconds pass in a real one."""
        return self._clock.speed

    def advance(self, seconds: float) -> None:
        """Pushes the mock's time ahead: what becomes due happens at once.

        Raises:
            ValueError: backwards.
        """
        self._clock.advance(seconds)

    def run_at(self, speed: float) -> None:
        """Lets the mock's time run `speed` times as fast as real time.

        Raises:
            ValueError: not above 0, or above 10000.
        """
        self._clock.run_at(speed)

    def file_link(self, file_id: str, origin: str, expires_in_s: int) -> str:
        """A signed URL of an upload's bytes.

        Raises:
            Problem: 404 for an unknown file.
        """
        file = self._files.get(file_id)
        return file_link(self._files_signing_secret, origin, file.id, int(self._clock()) + expires_in_s)

    async def expire_outputs(self) -> None:
        """Makes every output URL answer 404, as after an hour."""
        await self._runner.remove(self._outputs.expire_all())

    async def idle(self) -> None:
        """Returns when no prediction runs and no webhook is on its way; held ones run."""
        await self._tasks.wait()

    async def reset(self) -> None:
        """As just started: everything stopped and forgotten, real time, the first global scenario."""
        self._engine.forget_all()
        await self._tasks.close()
        await self.expire_outputs()
        await self._files.delete_all()
        self._deployments.forget_all()
        self._switches.reset()
        self._journal.clear()
        self._clock.reset()

    def _matching(self, wanted: Callable[[Delivery], bool]) -> tuple[Delivery, ...]:
        return tuple(delivery for delivery in self._journal.deliveries if wanted(delivery))
