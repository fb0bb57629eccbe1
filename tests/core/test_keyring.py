"""The keys in a file: read again when it has changed, kept when it cannot be read."""

import pytest
from cryptography.fernet import Fernet

from accounts.models import Account, MetaApp
from config.keys import load_or_create, new_key, replace_encryption_keys
from core.keyring import keys, reread_keys
from core.secret import Secret, Unreadable, decrypt, encrypt
from graph.signatures import sign
from inbox.content import Content
from inbox.webhooks.store import matching_app, matching_token, signing_keys


@pytest.fixture
def path(tmp_path, settings):
    """A file of keys of one's own."""
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "keys.env"
    load_or_create(settings.ENCRYPTION_KEYS_FILE)
    return settings.ENCRYPTION_KEYS_FILE


def under(key: str, token: str) -> str:
    return Fernet(key).decrypt(token.encode()).decode()


def test_who_encrypts_notices_a_new_file_at_once(path):
    encrypt("before")
    new, old = new_key(), keys()[0]
    replace_encryption_keys(path, (new, old))
    assert under(new, encrypt("after")) == "after"


def test_who_reads_looks_again_before_it_gives_up(path):
    assert decrypt(encrypt("warm")) == "warm"  # the old file is known by now
    new = new_key()
    written_elsewhere = Fernet(new).encrypt(b"hello").decode()
    with pytest.raises(Unreadable):
        decrypt(written_elsewhere)
    replace_encryption_keys(path, (new, *keys()))
    assert decrypt(written_elsewhere) == "hello"


def test_a_file_that_cannot_be_read_changes_nothing(path):
    token = encrypt("hello")
    for content in (b"", b"ENCRYPTION_KEYS=short\n", b"\xff\xfe"):
        path.write_bytes(content)
        assert decrypt(token) == decrypt(encrypt("hello")) == "hello"
    path.unlink()
    assert decrypt(encrypt("hello")) == "hello"


def test_replacing_keys_keeps_the_rest_of_the_file_and_its_owner(path):
    path.write_text(path.read_text() + "# a note\nOTHER=1\n")
    before = load_or_create(path)
    replace_encryption_keys(path, (new_key(), *keys()))
    after = load_or_create(path)
    assert after["SECRET_KEY"] == before["SECRET_KEY"] and after["OTHER"] == "1" and "# a note" in path.read_text()
    assert after["ENCRYPTION_KEYS"].split(",")[1] == before["ENCRYPTION_KEYS"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["keys.env"]


def test_keys_of_the_environment_need_no_file(settings):
    settings.ENCRYPTION_KEYS_FILE, settings.ENCRYPTION_KEYS = None, [new_key()]
    token = encrypt("hello")
    settings.ENCRYPTION_KEYS = [new_key(), *settings.ENCRYPTION_KEYS]
    assert decrypt(token) == "hello" and reread_keys()[1:] == tuple(settings.ENCRYPTION_KEYS[1:])


# What no key opens ------------------------------------------------------------------------------------------------
@pytest.fixture
def lost(cast):
    """An account whose token, and an app whose secrets, were written under a key that nobody has any more."""
    sealed = {name: Secret.sealed(Fernet(Fernet.generate_key()).encrypt(b"EAAlost").decode()) for name in ("token", "secret", "verify_token")}
    Account.objects.filter(pk=cast.shop.pk).update(token=sealed["token"])
    MetaApp.objects.filter(pk=cast.shop.meta_app_id).update(secret=sealed["secret"], verify_token=sealed["verify_token"])
    return Account.objects.select_related("meta_app").get(pk=cast.shop.pk)


def test_a_value_that_no_key_opens_is_a_state_and_not_an_error(lost):
    assert lost.token.unreadable and lost.token
    assert "EAA" not in repr(lost.token)
    with pytest.raises(Unreadable):
        lost.token.reveal()
    assert lost.meta_app.secret.if_readable() == ""


def test_saving_a_row_keeps_what_cannot_be_read_as_it_is(lost):
    before = lost.token.to_store()
    lost.name = "Renamed"
    lost.save()
    assert Account.objects.get(pk=lost.pk).token.to_store() == before


def test_pages_say_so_and_go_on(lost, cast, sign_in):
    browser = sign_in(cast.root)
    for address in ("/admin/", "/admin/accounts/account/", f"/admin/accounts/account/{lost.pk}/change/", f"/admin/accounts/metaapp/{lost.meta_app_id}/change/"):
        assert browser.get(address).status_code == 200, address
    assert "cannot be read: replace it" in browser.get(f"/admin/accounts/account/{lost.pk}/change/").text
    assert sign_in(cast.bob).get(cast.conversation(cast.amina).get_absolute_url()).status_code == 200


def test_a_token_that_cannot_be_read_is_as_good_as_a_dead_one(lost, cast):
    cast.conversation(cast.amina).reply(Content(text="Hello"), by=cast.bob)
    cast.settle()
    assert cast.received(cast.amina) == []
    account = Account.objects.get(pk=lost.pk)
    assert account.state == Account.State.NEEDS_RECONNECT
    assert account.token.unreadable


def test_an_app_whose_secret_cannot_be_read_believes_nobody_and_hinders_no_other(lost, cast):
    other = MetaApp.objects.create(kind="facebook", app_id="99", secret="other-secret", verify_token="other-verify")
    body = b"{}"
    assert matching_app(signing_keys(), body, sign("other-secret", body)) == other.pk
    assert matching_app(signing_keys(), body, sign("", body)) is None
    assert matching_token(signing_keys(), {"hub.mode": "subscribe", "hub.verify_token": ""}) is None

