"""Which scenario the next create gets: what it asks for itself, else a queued one, else the global one."""

import random
from collections import deque
from collections.abc import Mapping
from typing import Any

from mock_server.replicate.scenario import Scenario
from mock_server.replicate.scenario_reading import requested_fields, scenario_from


class ScenarioSwitches:
    """The global scenario and the queue for the next creates."""

    def __init__(self, initial: Scenario, chances: random.Random) -> None:
        """`initial` is the global one until another is set, and again after a reset."""
        self._initial = initial
        self._chances = chances
        self.default = initial
        self._next: deque[Scenario] = deque()

    @property
    def queued(self) -> tuple[Scenario, ...]:
        """The scenarios of the next creates, first first."""
        return tuple(self._next)

    def queue(self, scenario: Scenario, count: int) -> None:
        """Uses `scenario` for the `count` creates after those already queued."""
        self._next.extend([scenario] * count)

    def draw(self, model_input: Mapping[str, Any]) -> Scenario:
        """The scenario of one create call; takes it off the queue.

        The fields named by the request win over the queued scenario, that over the global one.

        Raises:
            ValueError: the input asks for something that is no scenario.
        """
        asked = requested_fields(model_input)
        base = self._next.popleft() if self._next else self.default
        scenario = scenario_from(asked, base) if asked else base
        if scenario.chance < 1 and self._chances.random() >= scenario.chance:
            return Scenario()
        return scenario

    def reset(self) -> None:
        """Back to the first global scenario; the queue is empty."""
        self.default = self._initial
        self._next.clear()
