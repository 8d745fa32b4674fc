"""How long a prediction takes, and how much of that before it starts."""

import math
import random
from dataclasses import dataclass

from mock_server.replicate.scenario import Scenario

STARTING_SHARE = 0.2
"""The part of its life a prediction of a warm model spends in `starting`."""
WARM_FOR_S = 300
"""A model that ran within this time need not boot."""
P95_DEVIATIONS = 1.645
"""95 of 100 values of a normal distribution lie below its mean and this many standard deviations."""
MOST_MODELS = 10_000


@dataclass(frozen=True, slots=True)
class Phases:
    """Seconds before and after the start."""

    starting_s: float
    running_s: float


class Latency:
    """Draws lives; remembers which models are warm."""

    def __init__(self, usual_s: tuple[float, float], draws: random.Random) -> None:
        """`usual_s`: shortest and longest life when a scenario does not say otherwise."""
        self._usual_s = usual_s
        self._draws = draws
        self._ran_at: dict[str, float] = {}

    def draw(self, scenario: Scenario, model: str, now: float) -> Phases:
        """The phases of a prediction that is created at `now`, seconds of any clock that does not go back."""
        life_s = self._life_s(scenario)
        before_s = scenario.queue_s + (scenario.cold_start_s if self._is_cold(model, now) else 0)
        starting_s = life_s * STARTING_SHARE
        phases = Phases(before_s + starting_s, life_s - starting_s)
        self._ran_at.pop(model, None)
        self._ran_at[model] = now + phases.starting_s + phases.running_s
        if len(self._ran_at) > MOST_MODELS:
            del self._ran_at[next(iter(self._ran_at))]
        return phases

    def reset(self) -> None:
        """Every model is cold again."""
        self._ran_at.clear()

    def _is_cold(self, model: str, now: float) -> bool:
        ran_at = self._ran_at.get(model)
        return ran_at is None or now > ran_at + WARM_FOR_S

    def _life_s(self, scenario: Scenario) -> float:
        if scenario.delay_s is None:
            return self._draws.uniform(*self._usual_s)
        if scenario.delay_p95_s is None:
            return scenario.delay_s
        deviation = math.log(scenario.delay_p95_s / scenario.delay_s) / P95_DEVIATIONS
        return self._draws.lognormvariate(math.log(scenario.delay_s), deviation)
