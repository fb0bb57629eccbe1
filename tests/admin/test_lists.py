"""Every list of the admin can be narrowed, searched, sorted and walked by date, and leads to what it speaks of."""

from datetime import timedelta
from itertools import islice

import pytest
from django.contrib.admin import site

from accounts.models import AccountUsage, Stop
from core.clock import now
from inbox.models import Contact, Conversation, Dispatch, Message
from tests.admin.pages import OURS, page

each = pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)


def listed(browser, model, **asked) -> set:
    return set(browser.get(page(model), asked).context["cl"].result_list)


@each
def test_every_list_is_narrowed_searched_sorted_and_walked_by_date(model, history, browser):
    its_admin, changelist = site._registry[model], browser.get(page(model)).context["cl"]
    assert its_admin.search_fields, "An admin looks for things by writing."
    addresses = {choice["query_string"] for spec in changelist.filter_specs for choice in islice(spec.choices(changelist), 1, 4)}
    addresses |= {f"?o={number}" for number, name in enumerate(changelist.list_display) if name != "action_checkbox"}
    if its_admin.date_hierarchy:
        addresses.add(f"?{its_admin.date_hierarchy}__year={now().year}")
    for address in addresses:
        assert browser.get(page(model) + address).status_code == 200, address
    assert not browser.get(page(model), {"q": "nobody-wrote-this"}).context["cl"].result_list


def test_conversations_by_window(cast, browser):
    open_one, closed, unknown = cast.conversation(cast.amina), cast.conversation(cast.noor), _another(cast)
    Conversation.objects.filter(pk=closed.pk).update(window_closes_at=now() - timedelta(minutes=1))
    Conversation.objects.filter(pk=unknown.pk).update(window_closes_at=None)
    found = {kind: listed(browser, Conversation, window=kind) for kind in ("open", "closed", "unknown")}
    assert found == {"open": {open_one}, "closed": {closed}, "unknown": {unknown}}


def _another(cast) -> Conversation:
    contact = Contact.objects.create(account=cast.shop, external_id="991", name="Nobody", first_seen_at=now())
    return Conversation.objects.create(account=cast.shop, contact=contact, last_message_at=now())


def test_dispatches_by_who_wrote_and_why(history, cast, browser):
    dispatch = Dispatch.objects.get()
    assert listed(browser, Dispatch, author="people") == {dispatch} and listed(browser, Dispatch, author="agents") == set()
    Dispatch.objects.update(state="cancelled", reason="stale")
    shown = browser.get(page(dispatch, "change")).text
    assert "The contact wrote again before this left" in shown and history.get_absolute_url() in shown


def test_messages_say_how_far_they_are_and_lead_on(history, browser):
    shown = browser.get(page(Message)).text
    assert ">queued<" in shown and page(history, "change") in shown


def test_limits_that_are_nearly_used_up_are_found_while_the_word_is_fresh(history, cast, browser):
    usage = AccountUsage.objects.get()
    assert listed(browser, AccountUsage, left="little") == {usage} and listed(browser, AccountUsage, left="nothing") == set()
    AccountUsage.objects.update(at=now() - timedelta(hours=2), calls=100)
    assert listed(browser, AccountUsage, left="nothing") == set() and listed(browser, AccountUsage, left="untold") == {usage}


def test_a_stop_in_a_conversation_leads_there(cast, browser):
    conversation = cast.conversation(cast.amina)
    stop = Stop.place(by=cast.root, account=cast.shop, conversation=conversation.public_id, reason="Complaint", at=now())
    assert f'href="{conversation.get_absolute_url()}"' in browser.get(page(stop, "change")).text
    everywhere = Stop.place(by=cast.root, reason="Everything", at=now())
    assert "every one" in browser.get(page(everywhere, "change")).text
