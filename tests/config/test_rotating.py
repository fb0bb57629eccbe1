"""Keys are changed while everything runs, and nothing is lost wherever it ends."""

import os
import threading
from contextlib import suppress
from datetime import timedelta
from itertools import islice

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Account, ConnectionRequest, Mail, MetaApp
from config.keys import alone_with, load_or_create, new_key
from config.private_file import draft_of
from config.rotating import NotProven, begin, forget_old, renew_all
from core import keyring
from core.clock import now
from core.keyring import keys
from core.reencrypting import Under, encrypted_columns, renewing, survey
from core.secret import Secret
from tests.conftest import make_cast


@pytest.fixture
def path(tmp_path, settings):
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "keys.env"
    settings.VAR_DIR = tmp_path
    load_or_create(settings.ENCRYPTION_KEYS_FILE)
    return settings.ENCRYPTION_KEYS_FILE


@pytest.fixture
def house(path, cast):
    """The cast, and one of everything else that is kept encrypted."""
    ConnectionRequest.objects.create(by=cast.root, method="token", meta_app=cast.shop.meta_app, secret="EAApasted", at=now())
    Mail.objects.create(address="erin@example.test", kind="invitation", key="k", subject="Come", body="https://x/invitation/abc", at=now(), not_before=now())
    return cast


def everything() -> dict[str, str]:
    """Every stored secret, as a process that has just been started reads it."""
    keyring._file_at.cache_clear()
    places = [(column, row) for column in encrypted_columns() for row in column.model._base_manager.all()]
    return {f"{column} {row.pk}": text for column, row in places if (text := getattr(row, column.name).reveal())}


def rotate(*options: str) -> None:
    call_command("rotate_keys", *options)


def age(path) -> None:
    """The keys have been in their file for an hour."""
    then = (now() - timedelta(hours=1)).timestamp()
    os.utime(path, (then, then))


def test_every_encrypted_field_is_found():
    found = {str(column) for column in encrypted_columns()}
    assert found >= {
        "accounts_account.token", "accounts_connectionrequest.secret", "accounts_mail.body", "accounts_metaapp.secret", "accounts_metaapp.verify_token",
    }  # fmt: skip


def test_after_a_rotation_everything_is_under_the_new_key_and_the_old_one_still_opens(house, path, capsys):
    before, old = everything(), keys()
    rotate()
    assert keys()[1:] == old and path.stat().st_mode & 0o777 == 0o600
    assert survey(keys()).under == {Under.NEWEST: len(before)}
    assert everything() == before
    said = capsys.readouterr().out
    assert "accounts_account.token: 2 values" in said and "accounts_mail.body: 1 value\n" in said
    assert not any(secret in said for secret in [*before.values(), *keys()])


def test_the_old_key_goes_once_everything_is_proven_to_open_without_it(house, path):
    before = everything()
    rotate()
    newest = keys()[:1]
    age(path)
    rotate("--forget-old")
    assert keys() == newest
    assert everything() == before
    rotate("--forget-old")  # nothing is left to do, and nothing happens


# Ended in the middle ----------------------------------------------------------------------------------------------
def ended_while_writing_the_file(path):
    draft_of(path, "ENCRYPTION_KEYS=half")


def ended_after_the_new_key(path):
    begin(path)


def ended_after_the_first_value(path):
    next(renew_all(begin(path)))


def ended_after_the_third_value(path):
    list(islice(renew_all(begin(path)), 3))


def ended_after_the_last_value(path):
    list(renew_all(begin(path)))


def ended_before_the_proof_was_used(path):
    list(renew_all(begin(path)))
    draft_of(path, f"ENCRYPTION_KEYS={keys()[0]}\n")


ENDS = [each for name, each in sorted(globals().items()) if name.startswith("ended_")]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_wherever_it_ends_nothing_is_lost_and_the_next_run_goes_on(end, house, path):
    before, had = everything(), len(keys())
    end(path)
    assert everything() == before
    rotate()
    assert everything() == before
    assert survey(keys()).under == {Under.NEWEST: len(before)}
    # An unfinished rotation is finished; a finished one is followed by another.
    assert len(keys()) == had + (2 if end in (ended_after_the_last_value, ended_before_the_proof_was_used) else 1)
    assert [each.name for each in path.parent.iterdir() if "keys.env" in each.name] == ["keys.env"]
    age(path)
    rotate("--forget-old")
    assert (len(keys()), everything()) == (1, before)


# Others write meanwhile -------------------------------------------------------------------------------------------
def test_what_somebody_writes_meanwhile_wins(house, path):
    passing = renewing(begin(path))
    first = next(place for place in passing if str(place.column) == "accounts_account.token")
    other = Account.objects.exclude(pk=first.pk).get()
    Account.objects.filter(pk=other.pk).update(token=Secret("EAAwritten-meanwhile"))
    assert other.pk not in {place.pk for place in passing if place.column == first.column}
    assert Account.objects.get(pk=other.pk).token.reveal() == "EAAwritten-meanwhile"


def test_what_somebody_writes_late_with_the_old_key_is_found_by_the_next_pass(house, path):
    old = Fernet(keys()[0])
    passes = renew_all(begin(path))
    next(passes)
    late = Secret.sealed(old.encrypt(b"EAAlate").decode())
    list(islice(passes, 2))
    Account.objects.filter(pk=house.shop.pk).update(token=late)
    list(passes)
    assert Account.objects.get(pk=house.shop.pk).token.reveal() == "EAAlate"
    assert survey(keys()).is_renewed


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_hands_write_and_read_while_keys_are_rotated(simulator, path):
    """Each hand replaces a token of its own again and again, and reads all others; what it wrote last is there in the end."""
    cast = make_cast(simulator)
    rows = [Account.objects.create(network="messenger", meta_app=cast.shop.meta_app, name=f"Page {n}", external_id=f"77{n}", token="t0") for n in range(3)]
    written, troubles, enough = {row.pk: "t0" for row in rows}, [], threading.Event()

    def hand(pk: int) -> None:
        try:
            for number in range(400):
                if enough.is_set():
                    return
                Account.objects.filter(pk=pk).update(token=Secret(f"token-{pk}-{number}"))
                written[pk] = f"token-{pk}-{number}"
                assert not any(account.token.unreadable for account in Account.objects.all())
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    hands = [threading.Thread(target=hand, args=(row.pk,)) for row in rows]
    for each in hands:
        each.start()
    for _ in range(3):
        rotate()
    enough.set()
    for each in hands:
        each.join()
    assert troubles == []
    assert not survey(keys()).unreadable and len(keys()) > 1
    age(path)
    # Whoever had read the old key just before it was replaced may have written with it: that is found here.
    rotate("--forget-old")
    assert len(keys()) == 1
    keyring._file_at.cache_clear()
    assert {row.pk: row.token.reveal() for row in Account.objects.filter(pk__in=written)} == written
    assert MetaApp.objects.get(pk=cast.shop.meta_app_id).secret.reveal() == "app-secret"


def test_two_rotations_never_run_at_once(house, path):
    with alone_with(path), pytest.raises(CommandError, match="Somebody else"):
        rotate()
    assert len(keys()) == 1


# What it refuses --------------------------------------------------------------------------------------------------
def test_the_old_key_stays_while_somebody_may_still_write_with_it(house, path):
    rotate()
    with pytest.raises(CommandError, match=r"Try again in \d+ seconds"):
        rotate("--forget-old")
    assert len(keys()) == 2


def test_the_old_key_stays_while_something_opens_with_none(house, path, capsys):
    lost = Secret.sealed(Fernet(new_key()).encrypt(b"EAAlost").decode())
    Account.objects.filter(pk=house.shop.pk).update(token=lost)
    rotate()
    age(path)
    with pytest.raises(CommandError, match="Replace what is named above"):
        rotate("--forget-old")
    assert len(keys()) == 2
    said = capsys.readouterr().err
    assert f"No key opens accounts_account.token, id {house.shop.pk}." in said
    assert lost.to_store() not in said


def test_the_proof_itself_refuses_what_needs_an_older_key(house, path):
    begin(path)
    with pytest.raises(NotProven) as refusal:
        forget_old(path)
    assert refusal.value.found.under[Under.OLDER] and len(keys()) == 2


def test_the_try_out_drops_no_key_of_the_real_installation_beside_it(house, path, settings):
    settings.DEMO = True
    rotate()
    age(path)
    with pytest.raises(CommandError, match="real installation"):
        rotate("--forget-old")
    assert len(keys()) == 2


# Keys of the environment ------------------------------------------------------------------------------------------
@pytest.fixture
def environment(house, settings):
    settings.ENCRYPTION_KEYS, settings.ENCRYPTION_KEYS_FILE = list(keys()), None
    return settings


def test_with_one_key_in_the_environment_it_explains_the_order(environment):
    with pytest.raises(CommandError, match=r"(?s)holds one key.*old,new.*new,old.*rotate_keys.*ENCRYPTION_KEYS=new on"):
        rotate()


def test_with_the_new_key_first_it_encrypts_under_it_and_proves_it(environment, capsys):
    before = everything()
    environment.ENCRYPTION_KEYS.insert(0, new_key())
    with pytest.raises(CommandError, match="Run rotate_keys first"):
        rotate("--forget-old")
    rotate()
    rotate("--forget-old")
    assert "Take the others out on every machine" in capsys.readouterr().out
    environment.ENCRYPTION_KEYS = environment.ENCRYPTION_KEYS[:1]
    assert everything() == before


def test_with_the_new_key_last_nothing_changes_and_the_order_is_explained(environment, capsys):
    environment.ENCRYPTION_KEYS.append(new_key())
    rotate()
    assert "already" in capsys.readouterr().out
    assert survey(keys()).is_renewed


def test_a_process_that_keeps_an_older_key_is_named_as_the_cause(environment, path):
    """It writes again after each pass, as a machine does on which the order of the keys was not changed."""
    old = Fernet(environment.ENCRYPTION_KEYS[0])
    environment.ENCRYPTION_KEYS.insert(0, new_key())
    passes = renew_all(tuple(environment.ENCRYPTION_KEYS))
    number = 0
    with suppress(StopIteration):
        while number < 200:
            next(passes)
            Account.objects.update(token=Secret.sealed(old.encrypt(b"EAAold").decode()))
            number += 1
    assert number < 200, "It gives up."
