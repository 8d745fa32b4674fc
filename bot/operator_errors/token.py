"""A bot token that Telegram does not take; without the framework, which is not needed to say so."""

from bot.operator_errors.diagnosis import Diagnosis


def diagnose_token(host: str, said: str) -> Diagnosis:
    """For a token that the Bot API at `host` refuses with `said`."""
    return Diagnosis(f"{host} refuses the bot token ({said})", "BOT_TOKEN: get the token of your bot from @BotFather")


class BotTokenRefusedError(Exception):
    """Telegram knows no bot by this token; `fix` says what to do."""

    def __init__(self, host: str, said: str) -> None:
        what, self.fix = diagnose_token(host, said)
        super().__init__(what)
