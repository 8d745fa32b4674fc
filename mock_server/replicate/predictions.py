"""The life of predictions: created, started, run, ended — each step in one place, each told to the callbacks."""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import islice

from mock_server.replicate.background import BackgroundTasks
from mock_server.replicate.callbacks import CallbackSender
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.model_runs import ModelFailure, ModelRunner
from mock_server.replicate.model_spec import OutputShape
from mock_server.replicate.outputs import OutputStore
from mock_server.replicate.prediction import Order, Prediction, Status
from mock_server.replicate.problems import not_found
from mock_server.replicate.scenario import FAILURE_TEXTS
from mock_server.replicate.wire_format import new_id

STARTING_SHARE = 0.2
"""The part of its life a prediction spends in `starting`."""
STEPS = 4
"""How often a running prediction writes a line of progress."""
LARGEST_SEED = 2**31
SEARCHED_FOR_EVICTION = 1000


class PredictionEngine:
    """All predictions of one server, newest last."""

    def __init__(
        self,
        config: MockReplicateConfig,
        tasks: BackgroundTasks,
        runner: ModelRunner,
        outputs: OutputStore,
        callbacks: CallbackSender,
    ) -> None:
        """Collaborators; no predictions yet."""
        self._config = config
        self._clock = config.clock
        self._tasks = tasks
        self._runner = runner
        self._outputs = outputs
        self._callbacks = callbacks
        self._random = random.Random(config.random_seed)  # noqa: S311 -- delays, not secrets
        self._predictions: dict[str, Prediction] = {}
        self._with_data: deque[Prediction] = deque()
        self._last_created_us = 0

    def create(self, order: Order) -> Prediction:
        """Begins the life of a prediction."""
        self._clean_up()
        self._last_created_us = max(round(self._clock() * 1_000_000), self._last_created_us + 1)
        created_at = self._last_created_us / 1_000_000
        after = order.cancel_after_s
        prediction = Prediction(
            id=new_id(),
            order=order,
            seed=self._seed(order),
            created_at=created_at,
            deadline=None if after is None else created_at + after,
        )
        self._predictions[prediction.id] = prediction
        if after is not None:
            loop = asyncio.get_running_loop()
            prediction.deadline_timer = loop.call_later(after, self._meet_deadline, prediction)
        prediction.task = self._tasks.start(self._live(prediction), f"prediction {prediction.id}")
        prediction.task.add_done_callback(partial(self._bury, prediction))
        return prediction

    def get(self, prediction_id: str) -> Prediction:
        """The prediction.

        Raises:
            Problem: 404 for an unknown one.
        """
        if (prediction := self._predictions.get(prediction_id)) is None:
            raise not_found()
        return prediction

    def newest_first(self) -> Sequence[Prediction]:
        """All of them."""
        return list(reversed(self._predictions.values()))

    def is_removed(self, prediction: Prediction) -> bool:
        """Whether its input, output and logs are no longer shown."""
        return prediction.removed(self._clock(), self._config.retention_s)

    def cancel(self, prediction: Prediction) -> None:
        """Ends it as canceled; one that has ended stays as it is."""
        self._end(prediction, "canceled")

    def forget_all(self) -> None:
        """Drops every prediction; whoever waits for one is let go."""
        for prediction in self._predictions.values():
            if prediction.deadline_timer is not None:
                prediction.deadline_timer.cancel()
            prediction.ended.set()
        self._predictions.clear()
        self._with_data.clear()

    async def _live(self, prediction: Prediction) -> None:
        scenario, now = prediction.order.scenario, asyncio.get_running_loop().time
        life_s = self._random.uniform(*self._config.delay_s) if scenario.delay_s is None else scenario.delay_s
        ends_at = now() + life_s
        await asyncio.sleep(life_s * STARTING_SHARE)
        if scenario.hold == "starting":
            await prediction.released.wait()
        if scenario.end == "aborted":
            self._end(prediction, "aborted")
            return
        self._begin(prediction)
        if scenario.hold == "processing":
            await prediction.released.wait()
        failure, values = scenario.failure_text, list[str]()
        if failure is None and scenario.end is None:
            try:
                values = await self._runner.run(prediction)
            except ModelFailure as error:
                self._end(prediction, "failed", str(error))
                return
        await self._progress(prediction, values, ends_at)
        if scenario.end is not None:
            self._end(prediction, scenario.end)
        elif failure is not None:
            self._end(prediction, "failed", failure)
        else:
            self._end(prediction, "succeeded")

    def _begin(self, prediction: Prediction) -> None:
        prediction.status, prediction.started_at = "processing", self._clock()
        prediction.logs = f"Using seed: {prediction.seed}\n"
        self._callbacks.notify(prediction, "start")

    async def _progress(self, prediction: Prediction, values: Sequence[str], ends_at: float) -> None:
        now = asyncio.get_running_loop().time
        for step in range(1, STEPS + 1):
            await asyncio.sleep(max(0.0, (ends_at - now()) / (STEPS + 1 - step)))
            prediction.logs += progress_line(step, STEPS, self._clock() - (prediction.started_at or 0.0))
            self._callbacks.notify(prediction, "logs")
            self._reveal(prediction, values, step)

    def _reveal(self, prediction: Prediction, values: Sequence[str], step: int) -> None:
        """Shows the outputs due by this step: a single one at the last, of a list a growing part."""
        shown: str | list[str] = list(values[: len(values) * step // STEPS])
        model = prediction.order.target.model
        if model.output is OutputShape.ONE and len(values) == 1:
            shown = values[0] if step == STEPS else ""
        if shown and shown != prediction.output:
            prediction.output = shown
            self._callbacks.notify(prediction, "output")

    def _meet_deadline(self, prediction: Prediction) -> None:
        self._end(prediction, "aborted" if prediction.started_at is None else "canceled")

    def _end(self, prediction: Prediction, status: Status, error: str | None = None) -> None:
        if prediction.is_terminal:
            return
        now = self._clock()
        prediction.status, prediction.error, prediction.completed_at = status, error, now
        prediction.metrics = {"total_time": round(now - prediction.created_at, 6)}
        if prediction.started_at is not None:
            prediction.metrics["predict_time"] = round(now - prediction.started_at, 6)
        if prediction.deadline_timer is not None:
            prediction.deadline_timer.cancel()
        if prediction.task is not None and prediction.task is not asyncio.current_task():
            prediction.task.cancel()
        self._with_data.append(prediction)
        self._callbacks.notify(prediction, "completed")
        prediction.ended.set()

    def _bury(self, prediction: Prediction, task: asyncio.Task[None]) -> None:
        """A fault of the mock itself, which the tasks log, must not leave a prediction running for ever."""
        if not task.cancelled() and task.exception() is not None:
            self._end(prediction, "failed", FAILURE_TEXTS["generic"])

    def _seed(self, order: Order) -> int:
        asked = order.model_input.get("seed")
        drawn = self._random.randrange(LARGEST_SEED)  # drawn always: the sequence must not depend on the inputs
        return asked % LARGEST_SEED if isinstance(asked, int) and not isinstance(asked, bool) else drawn

    def _clean_up(self) -> None:
        while self._with_data and self.is_removed(self._with_data[0]):
            self._with_data.popleft().forget_data()
        if len(self._predictions) >= self._config.max_predictions:
            oldest = islice(self._predictions.values(), SEARCHED_FOR_EVICTION)
            if (ended := next((known for known in oldest if known.is_terminal), None)) is not None:
                del self._predictions[ended.id]
                ended.forget_data()
        if expired := self._outputs.take_expired():
            self._tasks.start(self._runner.remove(expired), "remove expired outputs")


def progress_line(step: int, steps: int, seconds: float) -> str:
    """A line of progress as tqdm prints it."""
    filled, percent = 10 * step // steps, 100 * step // steps
    bar = "█" * filled + " " * (10 - filled)
    spent, left = int(seconds), int(seconds * (steps - step) / step)
    rate = step / seconds if seconds > 0 else 0.0
    times = f"{spent // 60:02d}:{spent % 60:02d}<{left // 60:02d}:{left % 60:02d}"
    return f"{percent:3d}%|{bar}| {step}/{steps} [{times}, {rate:5.2f}it/s]\n"
