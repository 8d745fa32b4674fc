"""From an error of the gateway to the one thing that mends it, in the words of the settings."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.addresses import host_of
from bot.settings import Settings
from replicate_gateway import errors

_NEW_TOKEN = "set REPLICATE_API_TOKEN to a token from https://replicate.com/account/api-tokens"  # noqa: S105 - advice

_BY_TYPE: Mapping[type[errors.GatewayError], tuple[str, str]] = MappingProxyType(
    {
        errors.CredentialsRefusedError: ("{host} refuses the token ({error})", _NEW_TOKEN),
        errors.CreditExhaustedError: (
            "the account has no credit ({error})",
            "buy credit at https://replicate.com/account/billing and wait a few minutes",
        ),
        errors.GatewayUnreachableError: (
            "{host} cannot be reached ({error})",
            "let this machine reach it, or correct REPLICATE_BASE_URL",
        ),
        errors.GatewayUnavailableError: (
            "{host} gives no usable answer ({error})",
            "look at https://www.replicatestatus.com and try again, or correct REPLICATE_BASE_URL",
        ),
        errors.GatewayBusyError: ("{host} asks to come back later ({error})", "try again in a minute"),
        errors.GatewayProtocolError: (
            "what answers at {host} is not Replicate's API ({error})",
            "correct REPLICATE_BASE_URL",
        ),
    }
)
_OTHERWISE = ("{host} answers {error}", "look at https://www.replicatestatus.com and try again")


def cause_and_fix(error: errors.GatewayError, settings: Settings) -> tuple[str, str]:
    """One sentence each; the token is in neither, because it is in no gateway error."""
    what, fix = _BY_TYPE.get(type(error), _OTHERWISE)
    return what.format(host=host_of(settings.replicate_base_url or ""), error=error), fix
