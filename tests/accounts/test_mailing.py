"""E-mails are written once, leave by a worker, are tried again, and tell nothing to those whom they are not for."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction

from accounts.mailing import MOST_IN_DOUBT, PAUSE_IN_DOUBT, PAUSES, mail_next, next_mail_due, one_line, try_again, withdraw, write_mail
from accounts.models import Mail
from core.clock import now
from core.secret import decrypt
from inbox.work import work_until_idle

HERE = "tests.accounts.test_mailing"
WORDS = {"kind": "warning", "subject": "Harbour Coffee sends nothing", "body": "Its token has expired."}


class Server(EmailBackend):
    """A mail server that fails as it is told: when somebody connects, when words are handed over, or when they say good-bye."""

    on_open: Exception | None = None
    on_send: Exception | None = None
    on_close: Exception | None = None

    def open(self):
        if Server.on_open:
            raise Server.on_open

    def send_messages(self, messages):
        if Server.on_send:
            raise Server.on_send
        return super().send_messages(messages)

    def close(self):
        if Server.on_close:
            raise Server.on_close


@pytest.fixture(autouse=True)
def server(settings, monkeypatch):
    """E-mails leave, to a server that keeps them."""
    settings.MAILS_LEAVE = True
    settings.EMAIL_BACKEND = f"{HERE}.Server"
    settings.DEFAULT_FROM_EMAIL = "Countersign <hello@inbox.example.test>"
    for name in ("on_open", "on_send", "on_close"):
        monkeypatch.setattr(Server, name, None)
    return Server


def write(to, key="broken:1", **more):
    return write_mail(to=to, key=key, at=now(), **WORDS | more)


def stored() -> Mail:
    return Mail.objects.get()


def test_an_e_mail_leaves_as_plain_text_from_the_installation(cast):
    write(cast.dana, account=cast.shop)
    assert work_until_idle("tend") >= 1
    letter = outbox.outbox[-1]
    assert (letter.to, letter.from_email, letter.subject) == (["dana@example.test"], "Countersign <hello@inbox.example.test>", WORDS["subject"])
    sent = letter.message()
    assert (sent["Auto-Submitted"], sent.get_content_type(), sent.get_payload()) == ("auto-generated", "text/plain", WORDS["body"])
    assert sent["Message-ID"].endswith("@inbox.example.test>")


def test_its_words_are_encrypted_while_it_waits_and_gone_once_it_is_sent(cast):
    write(cast.dana)
    assert _raw_body() != WORDS["body"] and decrypt(_raw_body()) == WORDS["body"]
    assert WORDS["body"] not in f"{stored()!r} {stored()} {stored().body}"
    assert mail_next()
    assert _raw_body() == "" and stored().sent_at


def test_nobody_is_told_one_thing_twice(cast):
    assert write(cast.dana) and write(cast.root)
    assert write(cast.dana) is None
    assert write("DANA@example.test") is None
    assert write(cast.dana, key="broken:2")
    assert Mail.objects.count() == 3


def test_without_a_mail_server_nothing_is_written(cast, settings):
    settings.MAILS_LEAVE = False
    assert write(cast.dana) is None
    assert not Mail.objects.exists()


def test_what_was_written_waits_where_the_mail_server_was_taken_away(cast, settings):
    write(cast.dana)
    settings.MAILS_LEAVE = False
    assert not mail_next() and next_mail_due(now()) is None
    settings.MAILS_LEAVE = True
    assert mail_next()


def test_agents_and_people_who_left_get_none(cast):
    cast.bob.is_active = False
    assert write(cast.assistant.user) is None
    assert write(cast.bob) is None


@pytest.mark.parametrize("address", ["", "dana", "dana@example.test\nBcc: all@example.test", "a@example.test, b@example.test", "x@" + "y" * 260 + ".test"])
def test_what_is_no_address_gets_none(address, cast):
    assert write(address) is None


@pytest.mark.parametrize("subject", ["Hello\r\nBcc: all@example.test", "Hello\nBcc: all@example.test", "Hello\x0b\x85\u2028Bcc: all@example.test"])
def test_a_name_in_the_subject_writes_no_header(subject, cast):
    write(cast.dana, subject=subject)
    assert mail_next()
    sent = outbox.outbox[-1].message()
    assert sent["Subject"] == "Hello Bcc: all@example.test" and sent["Bcc"] is None
    assert outbox.outbox[-1].recipients() == ["dana@example.test"]


def test_a_long_subject_is_cut_and_a_strange_one_is_encoded(cast):
    write(cast.dana, subject="Ünder " * 60)
    assert mail_next()
    assert outbox.outbox[-1].message()["Subject"].startswith("=?utf-8?")
    assert len(stored().subject) <= 200
    assert one_line("a\tb  c\n") == "a b c"


def test_it_leaves_only_if_what_it_tells_was_saved(cast):
    with transaction.atomic():
        assert write(cast.dana)
        transaction.set_rollback(True)
    assert not Mail.objects.exists()


def test_an_e_mail_waits_for_its_time(cast, clock):
    later = now() + timedelta(hours=3)
    write(cast.dana, not_before=later)
    assert not mail_next() and next_mail_due(now()) == later
    clock.shift(timedelta(hours=3, seconds=1))
    assert mail_next()


# When the mail server does not take it ------------------------------------------------------------------------------------


def test_a_server_out_of_reach_is_asked_again_later_and_less_often(cast, server, clock):
    server.on_open = ConnectionRefusedError()
    write(cast.dana)
    assert mail_next() and not mail_next()
    first = stored()
    assert (first.tries, first.trouble, first.given_up_at) == (1, "ConnectionRefusedError", None)
    for pause in PAUSES[:3]:
        assert not mail_next()
        clock.shift(pause + timedelta(seconds=5))
        assert mail_next()
    assert PAUSES[0] == timedelta(minutes=1) and max(PAUSES) == timedelta(hours=6)
    server.on_open = None
    clock.shift(PAUSES[3] + timedelta(seconds=5))
    assert mail_next()
    assert (stored().trouble, bool(stored().sent_at), len(outbox.outbox)) == ("", True, 1)


def test_after_two_days_it_is_given_up_and_says_why(cast, server, clock):
    server.on_open = smtplib.SMTPAuthenticationError(535, b"5.7.8 user hello password hunter2 refused")
    write(cast.dana)
    begun = now()
    while mail_next():
        clock.shift(timedelta(hours=6, seconds=5))
    assert stored().given_up_at and stored().trouble == "SMTPAuthenticationError 535"
    assert sum(PAUSES, timedelta()) > timedelta(days=1, hours=20) and begun < stored().given_up_at
    assert next_mail_due(now()) is None


def test_what_was_given_up_can_be_tried_again(cast, server):
    server.on_send = smtplib.SMTPRecipientsRefused({"dana@example.test": (550, b"no such user")})
    mail = write(cast.dana)
    assert not try_again(mail, at=now())
    assert mail_next()
    assert (stored().trouble, bool(stored().given_up_at)) == ("SMTPRecipientsRefused 550", True)
    server.on_send = None
    assert try_again(mail, at=now()) and not try_again(mail, at=now())
    assert mail_next() and stored().sent_at
    assert not try_again(mail, at=now())


@pytest.mark.parametrize("code", [421, 450, 451])
def test_a_refusal_for_now_is_tried_again(code, cast, server):
    server.on_send = smtplib.SMTPRecipientsRefused({"dana@example.test": (code, b"later")})
    write(cast.dana)
    assert mail_next()
    assert stored().given_up_at is None and stored().trouble == f"SMTPRecipientsRefused {code}"


def test_what_a_server_says_is_kept_nowhere(cast, server, caplog):
    server.on_open = smtplib.SMTPAuthenticationError(535, b"password hunter2 of hello refused")
    write(cast.dana)
    mail_next()
    seen = caplog.text + " ".join(str(value) for value in Mail.objects.values_list().get())
    assert "hunter2" not in seen and "dana@example.test" not in caplog.text and WORDS["body"] not in caplog.text


def test_a_bad_good_bye_sends_nothing_twice(cast, server):
    server.on_close = smtplib.SMTPServerDisconnected()
    write(cast.dana)
    assert mail_next() and not mail_next()
    assert stored().sent_at and len(outbox.outbox) == 1


def test_in_doubt_it_is_sent_again_with_the_same_name_but_not_for_ever(cast, server, clock):
    write(cast.dana)
    server.on_send = TimeoutError()
    for _ in range(MOST_IN_DOUBT):
        assert mail_next() and not mail_next()
        clock.shift(PAUSE_IN_DOUBT + timedelta(seconds=5))
    assert not mail_next()
    assert (stored().tries, stored().trouble, bool(stored().given_up_at)) == (MOST_IN_DOUBT, "TimeoutError", True)
    server.on_send = None
    try_again(stored(), at=now())
    mail_next()
    first = outbox.outbox[-1].message()["Message-ID"]
    Mail.objects.update(sent_at=None, body="Once more")
    mail_next()
    assert outbox.outbox[-1].message()["Message-ID"] == first


def test_a_worker_that_died_is_followed_by_another_and_writes_nothing_over_it(cast, clock):
    write(cast.dana)
    Mail.objects.update(lease_until=now() + timedelta(minutes=5), tries=1)
    assert not mail_next()
    clock.shift(timedelta(minutes=6))
    assert mail_next() and stored().sent_at and stored().tries == 2


def test_one_that_cannot_be_decrypted_holds_up_nobody(cast):
    write(cast.dana)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_mail SET body = 'nonsense'")
    write(cast.root)
    assert mail_next() and mail_next() and not mail_next()
    assert Mail.objects.filter(to=cast.dana, trouble="Unreadable", given_up_at__isnull=False).defer("body").exists()
    assert [letter.to for letter in outbox.outbox] == [["root@example.test"]]


def test_what_is_withdrawn_does_not_leave_and_loses_its_words(cast):
    write(cast.dana)
    assert withdraw("broken:1", at=now()) == 1
    assert not mail_next() and not stored().body
    assert not try_again(stored(), at=now())


def test_what_was_sent_cannot_be_withdrawn(cast):
    write(cast.dana)
    mail_next()
    assert withdraw("broken:1", at=now()) == 0
    assert stored().given_up_at is None


def _raw_body() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM accounts_mail")
        return cursor.fetchone()[0]
