"""What can go wrong with Replicate, by who can act. Foreign errors never leave this package.

`detail` may quote the API and is for logs and admins, not for chats; the API token is never in it.
"""


class GatewayError(Exception):
    """Root of all errors of this package. `status` is the HTTP status, None when no answer came."""

    def __init__(self, detail: str, *, status: int | None = None) -> None:
        super().__init__(detail if status is None else f"{status}: {detail}")
        self.detail = detail
        self.status = status


class PredictionRejectedError(GatewayError):
    """The user can act: the model does not take this input. `invalid_fields` names the inputs at fault, if known."""

    def __init__(self, detail: str, *, status: int | None = None, invalid_fields: tuple[str, ...] = ()) -> None:
        super().__init__(detail, status=status)
        self.invalid_fields = invalid_fields


class PayloadTooLargeError(GatewayError):
    """The user can act: the input or the uploaded file is larger than Replicate takes (413)."""


class GatewayBusyError(GatewayError):
    """Time helps: 429. Nothing was created; ask again in `retry_after_s` seconds."""

    def __init__(self, detail: str, *, retry_after_s: float, status: int | None = 429) -> None:
        super().__init__(detail, status=status)
        self.retry_after_s = retry_after_s


class GatewayUnreachableError(GatewayError):
    """Time helps: the request was certainly not sent (no name, no connection, no free connection)."""


class GatewayUnavailableError(GatewayError):
    """Time helps: something that is safe to repeat got no usable answer (5xx, time-out, a proxy's HTML page)."""

    def __init__(self, detail: str, *, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(detail, status=status)
        self.retry_after_s = retry_after_s


class OutcomeUnknownError(GatewayError):
    """A prediction may or may not have been created: sent, but no usable answer came. Never repeat it blindly."""


class CredentialsRefusedError(GatewayError):
    """The operator can act: the API token is missing, wrong or not allowed to do this (401, 403)."""


class CreditExhaustedError(GatewayError):
    """The operator can act: the account has no credit left (402)."""


class ModelNotFoundError(GatewayError):
    """The operator can act: there is no such model, version or deployment, or no permission to use it."""


class PredictionNotFoundError(GatewayError):
    """There is no such prediction (any more), or it is not ours."""


class GatewayProtocolError(GatewayError):
    """We or the operator can act: an answer or a callback is not what the API documents (or the base URL is wrong)."""


class OutputRefusedError(GatewayError):
    """An output is not acceptable. `code`: output_host, output_redirected, output_gone, output_too_large or
    output_refused; the URL, a bearer link, is never in the text.
    """

    def __init__(self, code: str, *, status: int | None = None) -> None:
        super().__init__(code, status=status)
        self.code = code
