"""The page of a contact says with whom it is linked, as far as whoever looks manages the accounts; nothing else of the configuration tells of it."""

import pytest
from django.urls import reverse

from inbox.linking import link
from inbox.models import Contact
from tests.admin.pages import page


@pytest.fixture
def linked(cast):
    Contact.objects.filter(pk=cast.noor.pk).update(name="Noor Haddad")
    link(cast.conversation(cast.amina), cast.conversation(cast.noor), by=cast.bob)


def test_an_admin_sees_whom_a_contact_is_linked_with_and_who_linked_them(cast, linked, browser):
    shown = browser.get(page(cast.amina, "change")).text
    assert "Same person as" in shown and f'<a href="{page(cast.noor, "change")}">Noor Haddad</a>' in shown
    assert "linked it with another contact of the same person" in browser.get(reverse("admin:accounts_activity_changelist")).text


def test_who_manages_one_of_the_accounts_is_told_nothing(cast, linked, dana):
    shown = dana.get(page(cast.amina, "change")).text
    assert "Same person as" in shown and "Noor" not in shown and page(cast.noor, "change") not in shown
    activity = dana.get(reverse("admin:accounts_activity_changelist")).text
    assert "linked it" not in activity and cast.studio.public_id not in activity
