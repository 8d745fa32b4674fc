"""The errors that a scenario answers."""

from mock_server.replicate import problems
from mock_server.replicate.scenario import Scenario

THROTTLINGS = {
    "header": problems.throttled_by_header,
    "body": problems.throttled_for_credit,
    "text": problems.throttled,
}
PROBLEMS = {
    401: problems.unauthenticated,
    402: problems.insufficient_credit,
    404: problems.not_found,
    422: problems.unknown_version,
}


def refusal(status: int, scenario: Scenario) -> problems.Problem:
    """The answer with this status, in the real wording where there is one."""
    if status == 429:
        if scenario.retry_after_in == "nowhere":
            return problems.Problem(429, {"detail": "Request was throttled."})
        return THROTTLINGS[scenario.retry_after_in](scenario.retry_after_s)
    if status >= 500:
        return problems.server_error(status)
    made = PROBLEMS.get(status)
    return made() if made else problems.Problem(status, {"detail": "Refused by a scenario.", "status": status})
