"""A bot token that Telegram does not take; without the framework, which is not needed to say so."""

from bot.mending.cure import Cure


def token_cure(host: str, said: str) -> Cure:
    """For a token that the Bot API at `host` refuses with `said`."""
    return Cure(f"{host} refuses the bot token ({said})", "BOT_TOKEN: get the token of your bot from @BotFather")


class BotTokenRefusedError(Exception):
    """Telegram knows no bot by this token; `fix` says what to do."""

    def __init__(self, host: str, said: str) -> None:
        what, self.fix = token_cure(host, said)
        super().__init__(what)
