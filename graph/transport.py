"""One exchange over the wire, with every way in which it can break sorted by what it leaves behind."""

import httpx

from graph.errors import GraphError, NotSent, OutcomeUnknown, Unavailable

# Raised before the first byte of the request is written; anything else may come when Meta has it already.
_BEFORE_WRITING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def exchange(http: httpx.Client, request: httpx.Request, *, sending: bool) -> httpx.Response:
    """The answer, whatever its status. Raises NotSent; else OutcomeUnknown when sending and Unavailable when not.

    The error is raised outside the handler so that it does not keep httpx's own, whose request holds the token.
    """
    try:
        return http.send(request, follow_redirects=False)
    except httpx.HTTPError as error:
        failure = _failure(error, sending=sending)
    raise failure


def _failure(error: httpx.HTTPError, *, sending: bool) -> GraphError:
    name = type(error).__name__
    if isinstance(error, _BEFORE_WRITING):
        return NotSent(f"Meta could not be reached ({name}).")
    if sending:
        return OutcomeUnknown(f"The connection broke after the message left ({name}).")
    return Unavailable(f"Meta gave no readable answer ({name}).")
