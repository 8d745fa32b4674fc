"""All predictions of one server: created, found, listed, canceled, and forgotten in time."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Sequence
from functools import partial
from itertools import islice

from mock_server.replicate.background import BackgroundTasks
from mock_server.replicate.clock import MockClock
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.latency import Latency
from mock_server.replicate.life import PredictionLife
from mock_server.replicate.model_runs import ModelRunner
from mock_server.replicate.models.spec import OutputShape
from mock_server.replicate.outputs import OutputStore
from mock_server.replicate.prediction import Order, Prediction
from mock_server.replicate.problems import not_found
from mock_server.replicate.scenario import FAILURE_TEXTS
from mock_server.replicate.streams import FILE_PREFIX, TEXT_PREFIX, EventStream
from mock_server.replicate.wire_format import new_id, new_stream_name

LARGEST_SEED = 2**31
SEARCHED_FOR_EVICTION = 1000


class PredictionEngine:
    """All predictions, newest last."""

    def __init__(
        self,
        config: MockReplicateConfig,
        clock: MockClock,
        tasks: BackgroundTasks,
        life: PredictionLife,
        runner: ModelRunner,
        outputs: OutputStore,
    ) -> None:
        """Collaborators; no predictions yet."""
        self._config = config
        self._clock = clock
        self._tasks = tasks
        self._life = life
        self._runner = runner
        self._outputs = outputs
        self._random = random.Random(config.random_seed)  # noqa: S311 -- delays, not secrets
        self._latency = Latency(config.delay_s, self._random)
        self._predictions: dict[str, Prediction] = {}
        self._streams: dict[str, Prediction] = {}
        self._with_data: deque[Prediction] = deque()
        self._last_created_us = 0
        self._runs: Counter[str] = Counter()

    def create(self, order: Order) -> Prediction:
        """Begins the life of a prediction."""
        self._clean_up()
        prediction = self._new(order)
        self._predictions[prediction.id] = prediction
        self._runs[order.target.model.full_name] += 1
        self._streams[prediction.stream.path] = prediction
        if order.cancel_after_s is not None:
            timer = self._clock.call_later(order.cancel_after_s, partial(self._meet_deadline, prediction))
            prediction.timers.append(timer)
        prediction.task = self._tasks.start(self._life.live(prediction), f"prediction {prediction.id}")
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

    def streamed_at(self, path: str) -> Prediction | None:
        """The prediction whose event stream is at `path`, unless its data are removed."""
        prediction = self._streams.get(path)
        return None if prediction is None or self.is_removed(prediction) else prediction

    def run_count(self, model: str) -> int:
        """How often `owner/name` was run."""
        return self._runs.get(model, 0)

    def newest_first(self) -> Sequence[Prediction]:
        """All of them."""
        return list(reversed(self._predictions.values()))

    def is_removed(self, prediction: Prediction) -> bool:
        """Whether its input, output and logs are no longer shown."""
        return prediction.removed(self._clock(), self._config.retention_s)

    def cancel(self, prediction: Prediction) -> None:
        """Ends it as canceled; one that has ended stays as it is."""
        self._life.stop(prediction, "canceled")

    def forget_all(self) -> None:
        """Drops every prediction; whoever waits for one is let go."""
        for prediction in self._predictions.values():
            for timer in prediction.timers:
                self._clock.cancel(timer)
            prediction.stream.forget()
            prediction.ended.set()
        self._predictions.clear()
        self._streams.clear()
        self._with_data.clear()
        self._latency.reset()
        self._runs.clear()
        self._last_created_us = 0

    def _new(self, order: Order) -> Prediction:
        self._last_created_us = max(round(self._clock() * 1_000_000), self._last_created_us + 1)
        created_at = self._last_created_us / 1_000_000
        after, model = order.cancel_after_s, order.target.model
        prefix = TEXT_PREFIX if order.shape is OutputShape.TEXT else FILE_PREFIX
        return Prediction(
            id=new_id(),
            order=order,
            seed=self._seed(order),
            created_at=created_at,
            phases=self._latency.draw(order.scenario, model.full_name, self._clock.monotonic()),
            stream=EventStream(prefix + new_stream_name(), created_at),
            deadline=None if after is None else created_at + after,
        )

    def _meet_deadline(self, prediction: Prediction) -> None:
        self._life.stop(prediction, "aborted" if prediction.started_at is None else "canceled")

    def _bury(self, prediction: Prediction, task: asyncio.Task[None]) -> None:
        """A fault of the mock itself, which the tasks log, must not leave a prediction running for ever."""
        if not task.cancelled() and task.exception() is not None:
            self._life.end(prediction, "failed", FAILURE_TEXTS["generic"])
        if prediction.is_terminal:
            self._with_data.append(prediction)

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
                del self._predictions[ended.id], self._streams[ended.stream.path]
                ended.forget_data()
        if expired := self._outputs.take_expired():
            self._tasks.start(self._runner.remove(expired), "remove expired outputs")
