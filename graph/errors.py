"""What can go wrong between Meta and us, sorted by what to do about it."""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from graph.answers import Answer


class GraphError(Exception):
    """Something went wrong between Meta and us."""

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        subcode: int | None = None,
        trace_id: str = "",
        status: int | None = None,
        retry_at: float | None = None,
        said: str = "",
    ) -> None:
        """`trace_id` is what Meta's support asks for. `retry_at` is in how many seconds Meta lets us try again. `said` is Meta's own sentence."""
        super().__init__(message)
        self.code = code
        self.subcode = subcode
        self.trace_id = trace_id
        self.status = status
        self.retry_at = retry_at
        self.said = said


class NoAnswer(GraphError):
    """Meta gave no answer that says what became of the request."""


class NotSent(NoAnswer):
    """The request never reached Meta. It is safe to try again."""


class Stalled(NotSent):
    """The worker stalled before the call, so it was not made. It is safe to try again."""


class OutcomeUnknown(NoAnswer):
    """The message may or may not have been sent. Never send it again without looking."""


class ErrorAnswer(GraphError):
    """Meta answered that it did not do what we asked."""

    # In seconds, where Meta does not say how long.
    usual_wait: float | None = None


class TokenInvalid(ErrorAnswer):
    """The account's access token is dead. Reconnect the account; nothing can be sent or read until then."""


class PermissionMissing(ErrorAnswer):
    """The app or the account lacks a permission for this. Grant it at Meta, then reconnect the account."""


class MessagesSwitchedOff(PermissionMissing):
    """The Instagram account does not let connected tools see its messages. Switch on "Allow access to messages" in Instagram's app."""


class RateLimited(ErrorAnswer):
    """Meta wants fewer calls for a while. The same request may be made again later."""


class Unavailable(ErrorAnswer):
    """Meta has trouble of its own at the moment. The same request may be made again later."""


class Unprepared(Unavailable):
    """Something of ours broke before Meta was asked. It is safe to try again."""


class WindowClosed(ErrorAnswer):
    """The contact last wrote too long ago. Wait until they write again, or let a person answer as a human agent."""


class ContactUnavailable(ErrorAnswer):
    """The contact cannot be reached now: they blocked the account, left, or switched their messages off."""


class ContactUnknown(ErrorAnswer):
    """Meta knows no such contact for this account. Check that the conversation belongs to it."""


class AccountRestricted(ErrorAnswer):
    """Meta does not let this account send for now. A message tries from time to time; why, a person can see at Meta, in the account quality."""


class ThreadHeldElsewhere(ErrorAnswer):
    """Another app holds this thread at Meta. Take the thread over there, or wait until it is released."""


class ThreadBusy(ThreadHeldElsewhere):
    """Meta's own questions to the contact hold the thread for some minutes. The same request may be made again then."""

    usual_wait = 120.0


class MediaRejected(ErrorAnswer):
    """Meta could not fetch or would not take the picture or file. Check its type, size and address."""


class MediaExpired(MediaRejected):
    """Meta does not know this upload, or no longer: it keeps them for ninety days. Upload the file again."""


class CopyDamaged(MediaRejected):
    """Our own copy of the file is not what was shown, so Meta was not asked. Choose the file again."""


class CopyUnreadable(MediaRejected):
    """Our own copy of the file cannot be read, so Meta was not asked. Look at where the files are stored, then try again."""


class Rejected(ErrorAnswer):
    """Meta refused this request for good. Sending it again unchanged will fail again."""


class HasNoForm(Rejected):
    """Meta has no form for this message or this contact, so Meta was not asked. Change it before you try again."""


class AppRefused(Rejected):
    """Meta does not know the app, or its secret is another one. Check the app id and the app secret."""


class NotFound(Rejected):
    """Meta knows no such thing or address, or does not show it to this account. Check the id and the token."""


class MessageGone(Rejected):
    """The message cannot be opened: it was taken back, or is older than the twenty newest of its conversation."""


@dataclass(frozen=True)
class _Row:
    """Any one of these signs in an answer means this error."""

    error: type[ErrorAnswer]
    codes: Container[int] = ()
    subcodes: Container[int] = ()
    statuses: Container[int] = ()
    transient: bool = False

    def matches(self, answer: Answer) -> bool:
        return (
            answer.code in self.codes
            or answer.subcode in self.subcodes
            or answer.status in self.statuses
            or (self.transient and answer.is_transient)
        )


# The first row that matches wins, so a subcode stands above the code it comes with.
# Source: Meta, Messenger Platform, "Common error codes"; Graph API, "Handling errors" and "Rate limits".
_TABLE = (
    _Row(TokenInvalid, codes={190, 102}),
    _Row(WindowClosed, subcodes={2018278, 2018065, 2534022}),
    _Row(ContactUnavailable, codes={551}, subcodes={1545041, 2018108, 2018336}),
    _Row(ContactUnknown, subcodes={2018001, 2534014}),
    _Row(AccountRestricted, codes={368, 2022}, subcodes={1893063, 2534029, 2534122, 2018338}),
    _Row(ThreadBusy, codes={2018321}, subcodes={2018321}),
    _Row(ThreadHeldElsewhere, codes={2018300}, subcodes={2018300, 2534037}),
    # Marketing and label matters share the codes of throttles and outages, and do not pass by waiting.
    _Row(Rejected, subcodes={2018344, 2018354, 1893015, 1893016, 2018352, 1404170}),
    _Row(RateLimited, codes={4, 17, 32, 341, 613, *range(80000, 80100)}, statuses={429}),
    _Row(Unavailable, codes={1, 2, -1, -2}, statuses=range(500, 600), transient=True),
    _Row(MediaExpired, subcodes={2018074}),
    _Row(MediaRejected, subcodes={2018008, 2018294, 2018047, 2018109}),
    _Row(MessagesSwitchedOff, subcodes={2534041}),
    _Row(PermissionMissing, codes={3, 10, *range(200, 300)}, subcodes={2534013, 2534041, 2534077}),
    _Row(MessageGone, codes={9000001}),
    _Row(AppRefused, codes={101}),
    _Row(NotFound, codes={2500}, subcodes={33}),
)


def from_response(status: int, headers: Mapping[str, str], body: bytes, *, sending: bool) -> GraphError:
    """The error that this answer is. `sending` says that the request was to send a message: where Meta does not
    tell whether it was sent, the outcome is unknown instead of worth another try."""
    answer = Answer.read(status, headers, body)
    error = _error_class(answer, sending=sending)
    return error(
        _sentence(answer),
        code=answer.code,
        subcode=answer.subcode,
        trace_id=answer.trace_id,
        status=status,
        retry_at=answer.seconds_to_wait or (error.usual_wait if issubclass(error, ErrorAnswer) else None),
        said=answer.message,
    )


def _error_class(answer: Answer, *, sending: bool) -> type[GraphError]:
    """Codes decide, never Meta's sentences: those come in the language of the app's owner."""
    found = _verdict(answer)
    return OutcomeUnknown if sending and found is Unavailable else found


def _verdict(answer: Answer) -> type[ErrorAnswer]:
    if not answer.is_readable_error:
        return Unavailable
    return next((row.error for row in _TABLE if row.matches(answer)), Rejected)


def _sentence(answer: Answer) -> str:
    code = "/".join(str(number) for number in (answer.code, answer.subcode) if number is not None)
    details = {"status": answer.status, "code": code, "field": answer.blamed, "trace": answer.trace_id}
    known = ", ".join(f"{name} {value}" for name, value in details.items() if value)
    return f"{answer.message or 'Meta gave no readable error.'} ({known})"
