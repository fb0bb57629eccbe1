"""Canned replies: found by what is typed after `/`, filled in by the server, and never sent with a gap."""

import pytest
from django.urls import reverse

from accounts.models import Grant
from inbox.canning import filled, gaps, matching, unknown_variables
from inbox.models import CannedReply, Contact, Message
from tests.admin.pages import page as admin_page
from tests.inbox.browsing import HTMX


@pytest.fixture
def amina(cast):
    Contact.objects.filter(pk=cast.amina.pk).update(name="Amina Okafor")
    return cast.conversation(cast.amina)


def canned(shortcut: str, text: str = "Hello", account=None) -> CannedReply:
    return CannedReply.objects.create(shortcut=shortcut, text=text, account=account)


def names(account, wanted: str = "") -> list[str]:
    return [reply.shortcut for reply in matching(account, wanted)]


# Which ------------------------------------------------------------------------------------------------------------
def test_the_accounts_own_come_first_then_those_for_all(cast):
    canned("address")
    canned("opening", account=cast.shop)
    canned("parking", account=cast.studio)
    assert names(cast.shop) == ["opening", "address"]


def test_they_are_narrowed_by_name_and_by_words(cast):
    canned("hours", "We open at eight.")
    canned("thanks", "Thank you, see you at eight.")
    assert names(cast.shop, "HOU") == ["hours"]
    assert names(cast.shop, "eight") == ["hours", "thanks"]
    assert names(cast.shop, "nothing") == []


def test_an_accounts_own_stands_in_for_the_one_for_all(cast):
    canned("hours", "For all")
    own = canned("hours", "For the shop", account=cast.shop)
    assert matching(cast.shop, "hours") == [own]


def test_no_more_than_eight_are_offered(cast):
    for number in range(10):
        canned(f"reply-{number}")
    assert len(matching(cast.shop, "")) == 8


# Filling in ---------------------------------------------------------------------------------------------------------
def test_what_is_known_is_filled_in(cast, amina):
    text = "Hi {{ first_name }} ({{contact}}), this is {{ me }} of {{ account }}. {{ my_first_name }}"
    assert filled(text, amina, by=cast.bob) == "Hi Amina (Amina Okafor), this is Bob of Harbour Coffee. Bob"


def test_what_is_not_known_leaves_a_gap_that_can_be_seen(cast, amina):
    Contact.objects.filter(pk=cast.amina.pk).update(name="", username="amina_o")
    amina.refresh_from_db()
    text = filled("Hi {{ first_name }}, {{ nonsense }}", amina, by=cast.bob)
    assert text == "Hi ⟨first name of the contact?⟩, ⟨nonsense?⟩"
    assert gaps(text) == ["⟨first name of the contact?⟩", "⟨nonsense?⟩"]


def test_a_name_is_filled_in_as_it_is(cast, amina):
    Contact.objects.filter(pk=cast.amina.pk).update(name="{{ me }} <b>")
    amina.refresh_from_db()
    assert filled("Hi {{ contact }}", amina, by=cast.bob) == "Hi {{ me }} <b>"


@pytest.mark.parametrize("box", [{"kind": "text", "text": "Hi ⟨first name?⟩"}, {"kind": "link", "url": "https://a.example", "title": "For ⟨name?⟩"}])
def test_a_gap_is_never_sent(cast, amina, sign_in, box):
    refused = sign_in(cast.bob).post(f"{amina.get_absolute_url()}messages/", box, headers=HTMX)
    assert refused.status_code == 422 and "Fill in ⟨" in refused.text
    assert not Message.objects.filter(direction="out").exists()


def test_other_brackets_are_sent(cast, amina, sign_in):
    sent = sign_in(cast.bob).post(f"{amina.get_absolute_url()}messages/", {"kind": "text", "text": "Is it [A?] or <B?>"}, headers=HTMX)
    assert sent.status_code == 200


# Asking -------------------------------------------------------------------------------------------------------------
def test_whoever_may_reply_is_offered_them_filled_in(cast, amina, sign_in):
    canned("hello", "Hi {{ first_name }}", cast.shop)
    address = reverse("inbox:canned", args=[amina.public_id])
    assert 'data-text="Hi Amina"' in sign_in(cast.bob).get(address, {"q": "he"}).text
    assert sign_in(cast.dana).get(address).status_code == 403
    assert sign_in(cast.charlie).get(address).status_code == 404


# The admin ----------------------------------------------------------------------------------------------------------
def add(client, **typed):
    return client.post(admin_page(CannedReply, "add"), {"account": "", "shortcut": "hello", "text": "Hello"} | typed, follow=True)


def test_unknown_variables_are_refused_with_those_that_are_known(cast, sign_in):
    refused = add(sign_in(cast.root), text="Hi {{ firstname }}")
    assert "{{ firstname }}" in refused.text and "{{ first_name }}, {{ account }}" in refused.text
    assert not CannedReply.objects.exists()
    assert unknown_variables("{{ me }} {{ x }} {{x}}") == ["x"]


def test_what_fits_one_network_alone_is_saved_with_a_warning(cast, sign_in):
    saved = add(sign_in(cast.root), text="x" * 1001)
    assert "Instagram takes 1000 bytes" in saved.text and CannedReply.objects.exists()


@pytest.mark.parametrize(("account", "size"), [("", 2001), ("studio", 1001)])
def test_what_fits_nowhere_is_refused(cast, sign_in, account, size):
    add(sign_in(cast.root), text="x" * size, account=getattr(cast, account).pk if account else "")
    assert not CannedReply.objects.exists()


def test_the_admin_shows_how_it_reads(cast, sign_in):
    reply = canned("hello", "Hi {{ first_name }} from {{ account }}", cast.shop)
    assert "Hi Amina from Harbour Coffee" in sign_in(cast.root).get(admin_page(reply, "change")).text


def test_managers_keep_those_of_their_accounts_alone(cast, sign_in):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    dana, everywhere, own = sign_in(cast.dana), canned("all"), canned("own", account=cast.shop)
    listed = set(dana.get(admin_page(CannedReply)).context["cl"].result_list)
    assert listed == {own}
    assert dana.get(admin_page(everywhere, "change")).status_code == 302
    add(dana, shortcut="mine")
    add(dana, shortcut="theirs", account=cast.studio.pk)
    assert not CannedReply.objects.filter(shortcut__in=("mine", "theirs")).exists()
    add(dana, shortcut="mine", account=cast.shop.pk)
    assert CannedReply.objects.filter(shortcut="mine", account=cast.shop).exists()
    dana.post(admin_page(own, "delete"), {"post": "yes"})
    assert not CannedReply.objects.filter(pk=own.pk).exists()
