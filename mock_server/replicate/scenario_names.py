"""Ways to go wrong that have a name: for the command line, a magic text in an input, and the chat page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mock_server.replicate.scenario import FAILURE_TEXTS


@dataclass(frozen=True, slots=True)
class NamedScenario:
    """A scenario's fields, and what a person calls it."""

    label: str
    fields: Mapping[str, Any]


NAMED_SCENARIOS: Mapping[str, NamedScenario] = {
    "well": NamedScenario("All goes well", {}),
    "slow": NamedScenario("Slow: 20 s for a photo", {"delay_s": 20}),
    "busy": NamedScenario("Busy: half take 6 s, some half a minute", {"delay_s": 6, "delay_p95_s": 30, "queue_s": 2}),
    "cold": NamedScenario("Cold start: a minute before the first run", {"cold_start_s": 60}),
    "queued": NamedScenario("A queue: half a minute before the start", {"queue_s": 30}),
    "held": NamedScenario("Held until released", {"hold": "processing"}),
    "webhook_lost": NamedScenario("Webhooks get lost", {"webhook_lost": True}),
    "webhook_late": NamedScenario("Webhooks come half a minute late", {"webhook_delay_s": 30}),
    "webhook_thrice": NamedScenario("Every webhook comes three times", {"webhook_copies": 3}),
    "webhook_early": NamedScenario("The webhook overtakes the answer", {"webhook_early": True}),
    "webhook_disorder": NamedScenario("Webhooks come in the wrong order", {"webhook_out_of_order": True}),
    "webhook_forged": NamedScenario("Webhooks with a wrong signature", {"webhook_signature": "foreign"}),
    "fails": NamedScenario("The model fails", {"fail": "generic"}),
    "flaky": NamedScenario("Every third run is interrupted", {"fail": "interrupted", "chance": 1 / 3}),
    "nsfw": NamedScenario("The model refuses the photo (NSFW)", {"fail": "nsfw"}),
    "oom": NamedScenario("The model runs out of memory", {"fail": "oom"}),
    "throttled": NamedScenario("Creating is throttled: 429", {"create_status": 429, "retry_after_s": 3}),
    "no_credit": NamedScenario("The account cannot pay: 402", {"create_status": 402}),
    "unavailable": NamedScenario("Creating answers 503", {"create_status": 503}),
    "down": NamedScenario("Replicate is down: every call answers 503", {"create_status": 503, "api_status": 503}),
    "output_corrupt": NamedScenario("The result is half a picture", {"output": "corrupt"}),
    "output_gone": NamedScenario("The result is gone", {"output": "gone"}),
    "output_slow": NamedScenario("The result takes a minute to download", {"output": "slow"}),
}


def fields_of(name: str) -> Mapping[str, Any] | None:
    """The fields of a named scenario or of a known failure; None for any other word."""
    if name in NAMED_SCENARIOS:
        return NAMED_SCENARIOS[name].fields
    return {"fail": name} if name in FAILURE_TEXTS else None
