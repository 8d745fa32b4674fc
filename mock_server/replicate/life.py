"""The life of a prediction: started, run, ended — each step in one place, each told to webhooks and stream."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from mock_server.replicate.callbacks import CallbackSender
from mock_server.replicate.clock import MockClock
from mock_server.replicate.model_runs import ModelFailure, ModelRunner
from mock_server.replicate.models.spec import OutputShape
from mock_server.replicate.prediction import Prediction, Status
from mock_server.replicate.progress import milestones, progress_line, steps_of
from mock_server.replicate.text_metrics import text_metrics

LONGEST_RUN_S = 30 * 60
"""https://replicate.com/docs/topics/predictions/lifecycle"""
TIMED_OUT = "Prediction timed out."
STEPS_OF_A_FAILURE = 4
"""What will not succeed writes so many lines of progress."""


class PredictionLife:
    """Leads predictions from `starting` to their end."""

    def __init__(self, clock: MockClock, runner: ModelRunner, callbacks: CallbackSender) -> None:
        """Collaborators; nothing lives yet."""
        self._clock = clock
        self._runner = runner
        self._callbacks = callbacks

    async def live(self, prediction: Prediction) -> None:
        """Runs it to its end, unless something ends it before."""
        scenario = prediction.order.scenario
        await self._clock.sleep(prediction.phases.starting_s)
        if scenario.hold == "starting":
            await prediction.released.wait()
        if scenario.end == "aborted":
            self.end(prediction, "aborted")
            return
        self._begin(prediction)
        if scenario.hold == "processing":
            await prediction.released.wait()
        ends_at = self._clock.monotonic() + prediction.phases.running_s
        values: list[str] = []
        if scenario.failure_text is None and scenario.end is None:
            try:
                values = await self._runner.run(prediction)
            except ModelFailure as error:
                self.end(prediction, "failed", str(error))
                return
        await self._progress(prediction, values, ends_at)
        self._finish(prediction, values)

    def end(self, prediction: Prediction, status: Status, error: str | None = None) -> None:
        """Ends it from inside; one that has ended stays as it is."""
        if prediction.is_terminal:
            return
        now = self._clock()
        prediction.status, prediction.error, prediction.completed_at = status, error, now
        metrics: dict[str, Any] = {"total_time": round(now - prediction.created_at, 6)}
        if prediction.started_at is not None:
            metrics["predict_time"] = round(now - prediction.started_at, 6)
        prediction.metrics = metrics | (prediction.metrics or {})
        for timer in prediction.timers:
            self._clock.cancel(timer)
        self._callbacks.notify(prediction, "completed")
        if error is None:
            prediction.stream.end(None if status == "succeeded" else "canceled")
        else:
            prediction.stream.end("error", error)
        prediction.ended.set()

    def stop(self, prediction: Prediction, status: Status, error: str | None = None) -> None:
        """Ends it from outside, whatever it is doing."""
        self.end(prediction, status, error)
        if prediction.task is not None:
            prediction.task.cancel()

    def _begin(self, prediction: Prediction) -> None:
        prediction.status, prediction.started_at = "processing", self._clock()
        if prediction.order.shape is not OutputShape.TEXT:
            prediction.logs = f"Using seed: {prediction.seed}\n"
        limit = self._clock.call_later(LONGEST_RUN_S, partial(self._time_out, prediction))
        prediction.timers.append(limit)
        self._callbacks.notify(prediction, "start")

    async def _progress(self, prediction: Prediction, values: Sequence[str], ends_at: float) -> None:
        """Lets time pass in equal pieces; after each a line of progress, or a piece of text, is there."""
        if prediction.order.shape is OutputShape.TEXT:
            await self._speak(prediction, values, ends_at)
            return
        steps = steps_of(prediction.order.model_input)
        stops = milestones(steps)[: None if values else STEPS_OF_A_FAILURE]
        self._log(prediction, 0, steps)
        for place, step in enumerate(stops):
            await self._clock.sleep((ends_at - self._clock.monotonic()) / (len(stops) - place))
            self._log(prediction, step, steps)
            if len(values) > 1 and prediction.order.shape is OutputShape.LIST:
                self._reveal(prediction, values[: len(values) * step // steps])

    async def _speak(self, prediction: Prediction, pieces: Sequence[str], ends_at: float) -> None:
        begun, first_at = self._clock.monotonic(), None
        if not pieces:
            await self._clock.sleep(ends_at - begun)
        for place in range(len(pieces)):
            await self._clock.sleep((ends_at - self._clock.monotonic()) / (len(pieces) - place))
            first_at = first_at or self._clock.monotonic()
            self._reveal(prediction, pieces[: place + 1])
        if first_at is not None:
            took_s, first_s = self._clock.monotonic() - begun, first_at - begun
            prediction.metrics = text_metrics(prediction.order.model_input, len(pieces), took_s, first_s)

    def _finish(self, prediction: Prediction, values: Sequence[str]) -> None:
        scenario = prediction.order.scenario
        if scenario.end is not None:
            self.end(prediction, scenario.end)
        elif scenario.failure_text is not None:
            self.end(prediction, "failed", scenario.failure_text)
        else:
            self._reveal(prediction, values)
            self.end(prediction, "succeeded")

    def _log(self, prediction: Prediction, step: int, steps: int) -> None:
        prediction.logs += progress_line(step, steps, self._clock() - (prediction.started_at or 0.0))
        self._callbacks.notify(prediction, "logs")

    def _reveal(self, prediction: Prediction, values: Sequence[str]) -> None:
        """Shows these outputs, the first ones of all, if they are more than before."""
        for value in values[prediction.revealed :]:
            prediction.stream.output(value)
        if len(values) > prediction.revealed:
            prediction.revealed = len(values)
            prediction.output = shaped(values, prediction.order.shape)
            self._callbacks.notify(prediction, "output")

    def _time_out(self, prediction: Prediction) -> None:
        self.stop(prediction, "failed", TIMED_OUT)


def shaped(values: Sequence[str], shape: OutputShape) -> Any:
    """The outputs as one JSON value."""
    if shape is OutputShape.ONE and len(values) == 1:
        return values[0]
    if shape is OutputShape.OBJECT:
        return {"image" if place == 0 else f"image_{place}": value for place, value in enumerate(values)}
    return list(values)
