"""Notices and sound are for those who chose them."""

from django.urls import reverse

from accounts.models import User

SAVED = {"name": "Bob", "language": "", "time_zone": ""}


def shown(browser) -> str:
    return browser.get(reverse("inbox:conversations")).content.decode()


def test_nobody_is_disturbed_who_did_not_ask_for_it(cast, sign_in):
    assert not User.objects.filter(notices=True).exists() and not User.objects.filter(sound=True).exists()
    assert 'id="notices"' not in shown(sign_in(cast.bob))


def test_who_asks_for_it_has_it_on_every_page_and_nobody_else(cast, sign_in):
    bob = sign_in(cast.bob)
    bob.post(reverse("preferences"), SAVED | {"notices": "on"})
    assert 'data-shows="on"' in shown(bob) and "data-sound" not in shown(bob)
    assert 'id="notices"' not in shown(sign_in(cast.alice))


def test_it_is_ended_as_it_was_begun(cast, sign_in):
    bob = sign_in(cast.bob)
    bob.post(reverse("preferences"), SAVED | {"sound": "on"})
    assert 'data-sound="on"' in shown(bob)
    bob.post(reverse("preferences"), SAVED)
    assert 'id="notices"' not in shown(bob)
