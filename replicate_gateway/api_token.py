"""Whether a Replicate API token can be sent at all; its form is a matter of whoever reads it."""


def header_problem(token: str) -> str | None:
    """What keeps `token` out of an HTTP header, in a sentence that does not show it; None if nothing does."""
    if not token:
        return "The API token is empty."
    if not token.isascii():
        return "The API token contains characters that are not ASCII."
    if any(char <= " " or char == "\x7f" for char in token):
        return "The API token contains blanks or line breaks."
    return None
