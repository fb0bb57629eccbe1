"""Why something cannot be connected, as a code that is kept and that `accounts.connecting.errors` puts into words."""

from graph.errors import GraphError, NoAnswer, RateLimited, TokenInvalid, Unavailable


class Refused(Exception):
    """Accounts cannot be connected.

    Args:
        code: what `accounts.connecting.errors` has sentences for.
        facts: names and ids for the sentence; never a secret, never a sentence of Meta's.
    """

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def refusal_of(error: GraphError) -> Refused:
    """What a broken call means for whoever waits."""
    if isinstance(error, TokenInvalid):
        return Refused("token_dead")
    if isinstance(error, RateLimited):
        return Refused("rate_limited")
    if isinstance(error, NoAnswer | Unavailable):
        return Refused("unavailable")
    return Refused("refused_by_meta", meta=number_of(error))


def number_of(error: GraphError) -> str:
    """What Meta's support asks for, and nothing that Meta wrote."""
    return "/".join(str(number) for number in (error.code, error.subcode) if number is not None)
