"""The form of a Replicate API token, checked before anything is sent with it."""

TOKEN_PREFIX = "r8_"  # noqa: S105  the public prefix of every token, not one of them
_SHORTEST = 16  # real ones are 40 characters long; the length is not documented, so only stubs are refused


def header_problem(token: str) -> str | None:
    """What keeps `token` out of an HTTP header, in a sentence that does not show it; None if nothing does."""
    if not token:
        return "The API token is empty."
    if not token.isascii():
        return "The API token contains characters that are not ASCII."
    if any(char <= " " or char == "\x7f" for char in token):
        return "The API token contains blanks or line breaks."
    return None


def check_token_form(token: str) -> str | None:
    """What is wrong with the form of `token`, in a sentence that does not show it; None if it looks right."""
    problem = header_problem(token)
    if problem:
        return problem
    if not token.startswith(TOKEN_PREFIX):
        return f"A Replicate API token starts with {TOKEN_PREFIX}."
    if not token.removeprefix(TOKEN_PREFIX).replace("_", "").isalnum():
        return f"After {TOKEN_PREFIX} a Replicate API token has letters, digits and underscores only."
    if len(token) < _SHORTEST:
        return "The API token is too short; it may have been cut off when it was copied."
    return None
