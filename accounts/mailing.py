"""E-mails: written in the transaction of what they tell, sent by a worker.

**At least once, and rarely twice.** A mail server has no key by which it would know a repetition, so a connection that breaks after the words were
handed over leaves a doubt. A warning or an invitation that never comes costs more than one that comes twice, so in doubt it is sent again, though
no more than `MOST_IN_DOUBT` times, and with the same Message-ID, by which most mailboxes show the two as one. What the server has taken is
written down before anything else, so that only a crash in that moment, or such a break, repeats it.
"""

import hashlib
import logging
import smtplib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from django.db.models import F

from accounts.models import Account, Mail, User
from core.clock import now
from core.secret import Unreadable
from core.wake import wake

# Connecting, signing in and handing over are a dozen turns, each of which may take EMAIL_TIMEOUT. Nobody keeps this lease alive, and it is long on
# purpose: a takeover is what can double an e-mail, so it must not happen because a worker was slow, and minutes matter little to an e-mail.
LEASE = timedelta(minutes=5)
# After the last of these, two days later, somebody has to look (RFC 5321, 4.5.4.1, asks for four to five days of a server; its advice is old by then).
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, *[360] * 7))
# How often one is sent of which nobody knows whether it left before.
MOST_IN_DOUBT = 3
# Long enough for a mail server that was ill to be well, because there are few tries.
PAUSE_IN_DOUBT = timedelta(hours=1)
LOOK_AT = 20
WITHDRAWN = "withdrawn"
INTERRUPTED = "interrupted"

logger = logging.getLogger("countersign.mail")


class Withdrawn(Exception):
    """It was withdrawn after a worker had taken it in hand."""


@dataclass(frozen=True)
class Trouble:
    """What went wrong, by class and code alone: a mail server's own words can repeat a password or an address."""

    name: str
    is_final: bool = False
    is_doubtful: bool = False


def write_mail(
    *, to: User | str, kind: str, key: str, subject: str, body: str, account: Account | None = None, at: datetime, not_before: datetime | None = None
) -> Mail | None:
    """Write an e-mail to a person or an address; a worker sends it.

    Call it in the transaction of what it tells.

    Args:
        kind: what it is about, in a word, for the list of e-mails.
        key: what makes two the same, at most 120 characters; nobody is told one thing twice.
        subject: one line; line ends and control characters become spaces.
        body: plain text.

    Returns:
        The e-mail, or None where that key was written to that address before, where no e-mail leaves this installation, or where nobody reads it
        (an agent, somebody inactive, something that is no address).
    """
    address = to.email if isinstance(to, User) else to
    if not (settings.MAILS_LEAVE and _reads_mail(to) and _is_address(address)):
        return None
    if Mail.objects.filter(address__iexact=address, key=key).exists():
        return None
    due_at = not_before or at
    mail, is_new = Mail.objects.get_or_create(
        address=address, key=key,
        defaults={
            "to": to if isinstance(to, User) else None, "account": account, "kind": kind, "subject": one_line(subject)[:200], "body": body, "at": at,
            "not_before": due_at,
        },
    )  # fmt: skip
    if not is_new:
        return None
    wake("tend", at=due_at if due_at > at else None)
    return mail


def withdraw(key: str, *, at: datetime) -> int:
    """Keep what was written under this key and has not left from leaving; its words go. Returns how many."""
    return Mail.objects.filter(key=key, sent_at=None).update(given_up_at=at, trouble=WITHDRAWN, body="")


def withdraw_from(user: User, *, at: datetime) -> int:
    """Keep what waits for this person from leaving: they are out. Returns how many."""
    return Mail.objects.filter(to=user, sent_at=None, given_up_at=None).update(given_up_at=at, trouble=WITHDRAWN, body="")


def try_again(mail: Mail, *, at: datetime) -> bool:
    """Start anew with one that was given up. False where it has no words any more, or was not given up."""
    given_up = Mail.objects.filter(pk=mail.pk, sent_at=None, given_up_at__isnull=False).exclude(body="")
    moved = bool(given_up.update(given_up_at=None, tries=0, not_before=at, lease_until=None))
    if moved:
        wake("tend")
    return moved


def mail_next() -> bool:
    """Send the next e-mail that is due. False where none is."""
    at = now()
    if not settings.MAILS_LEAVE:
        return False
    # The words are read once it is ours: one that cannot be decrypted must not hold up the others.
    for mail in Mail.objects.due(at).defer("body").order_by("not_before", "pk")[:LOOK_AT]:
        # A lease that nobody gave back: whoever had it was interrupted, perhaps after it had left.
        was_interrupted = mail.lease_until is not None
        mail.lease_until = at + LEASE
        if Mail.objects.due(at).filter(pk=mail.pk, tries=mail.tries).update(lease_until=mail.lease_until, tries=F("tries") + 1):
            mail.tries += 1
            if was_interrupted and mail.tries > MOST_IN_DOUBT:
                _settle(mail, trouble=INTERRUPTED, given_up_at=now())
            else:
                _send(mail)
            return True
    return False


def next_mail_due(at: datetime) -> datetime | None:
    """When the next one becomes due."""
    if not settings.MAILS_LEAVE:
        return None
    waiting = Mail.objects.filter(sent_at=None, given_up_at=None, not_before__gt=at)
    return waiting.order_by("not_before").values_list("not_before", flat=True).first()


def one_line(text: str) -> str:
    """Text as a header can hold it: without line ends and control characters, by which one could write headers of one's own."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _reads_mail(to: User | str) -> bool:
    return isinstance(to, str) or (to.is_active and not to.is_agent)


def _is_address(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return address == one_line(address) and len(address) <= 254


# Sending --------------------------------------------------------------------------------------------------------------


def _send(mail: Mail) -> None:
    trouble = _hand_over(mail)
    if trouble is None:
        _settle(mail, sent_at=now(), body="", trouble="")
    else:
        logger.warning("E-mail %s did not leave: %s.", mail.pk, trouble.name)
        _try_later(mail, trouble, now())


def _hand_over(mail: Mail) -> Trouble | None:
    """Give it to the mail server. None where the server has taken it."""
    connection = get_connection(fail_silently=False)
    try:
        letter = _letter(mail)
        connection.open()
    except Exception as error:
        return _trouble(error)
    try:
        # Opened before, so that this neither opens nor closes: whatever goes wrong here is about this e-mail.
        connection.send_messages([letter])
    except Exception as error:
        return _trouble(error, may_have_left=True)
    finally:
        with suppress(Exception):  # taken is taken, whatever happens while we say good-bye
            connection.close()
    return None


def _letter(mail: Mail) -> EmailMessage:
    mail.refresh_from_db(fields=["body", "given_up_at"])
    if mail.given_up_at:
        raise Withdrawn
    text = mail.body.reveal() if mail.body else ""
    # RFC 3834, 5: nobody's holiday notice has to answer it.
    headers = {"Auto-Submitted": "auto-generated", "Message-ID": message_id(mail)}
    return EmailMessage(subject=one_line(mail.subject), body=text, from_email=settings.DEFAULT_FROM_EMAIL, to=[mail.address], headers=headers)


def message_id(mail: Mail) -> str:
    """The same for every try, and telling nothing."""
    sender = sanitize_address(settings.DEFAULT_FROM_EMAIL, "utf-8").rstrip(">")
    return f"<{hashlib.sha256(f'{mail.address} {mail.key}'.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2] or 'localhost'}>"


def _trouble(error: Exception, *, may_have_left: bool = False) -> Trouble:
    code = _code(error)
    name = WITHDRAWN if isinstance(error, Withdrawn) else f"{type(error).__name__} {code or ''}".strip()
    # A refusal of this recipient or these words for good (RFC 5321, 4.2.1). Any other 5xx is about the sender's account, and can be mended.
    refused = isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError) and code >= 500
    return Trouble(name[:80], is_final=refused or isinstance(error, Unreadable | Withdrawn), is_doubtful=may_have_left and not code)


def _code(error: Exception) -> int:
    """What the mail server answered, as a number; 0 where it did not answer."""
    if isinstance(error, smtplib.SMTPResponseException):
        return int(error.smtp_code)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((int(answer[0]) for answer in error.recipients.values()), default=0)
    return 0


def _try_later(mail: Mail, trouble: Trouble, at: datetime) -> None:
    is_over = trouble.is_final or mail.tries > len(PAUSES) or (trouble.is_doubtful and mail.tries >= MOST_IN_DOUBT)
    if is_over:
        _settle(mail, trouble=trouble.name, given_up_at=at)
        return
    again_at = at + (PAUSE_IN_DOUBT if trouble.is_doubtful else PAUSES[mail.tries - 1])
    if _settle(mail, trouble=trouble.name, not_before=again_at):
        wake("tend", at=again_at)


def _settle(mail: Mail, **result: object) -> bool:
    """Write the result, unless our lease was taken over."""
    return bool(Mail.objects.filter(pk=mail.pk, sent_at=None, lease_until=mail.lease_until).update(lease_until=None, **result))
