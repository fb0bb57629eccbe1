"""History can be looked at in the admin and never touched, even by superusers."""

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.db.models import ProtectedError

from inbox.models import Conversation
from tests.admin.pages import OURS, READ_ONLY, page

by_name = pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)


def test_every_kind_of_history_is_among_the_read_only_models():
    history = (
        "AccountCheck AccountUsage Activity AgentKey Attachment Attempt ConnectionRequest Contact Conversation Decision DeletionRequest Dispatch "
        "Invitation KeptEvent Mail MediaFile Mention Message Note Occurrence ParkedEcho PolicyVersion Proposal ProposalPart Reaction Reading RefusedDelivery "
        "ToolCall Vote WebhookDelivery"
    )
    assert {model.__name__ for model in READ_ONLY} == set(history.split())


@by_name
def test_a_superuser_sees_the_list_and_the_row(model, history, cast, sign_in):
    browser = sign_in(cast.root)
    row = model._default_manager.first()
    assert row is not None, "history must have a row of everything"
    assert browser.get(page(model)).status_code == 200
    assert browser.get(page(model), {"q": "anything"}).status_code == 200
    assert browser.get(page(row, "change")).status_code == 200
    assert browser.get(page(row, "history")).status_code == 200


@by_name
def test_a_superuser_adds_changes_and_deletes_nothing(model, history, cast, sign_in):
    browser = sign_in(cast.root)
    before = list(model._default_manager.order_by("pk").values())
    row = model._default_manager.first()
    bulk = {"action": "delete_selected", "_selected_action": [each["id"] for each in before], "post": "yes"}
    refused = [
        browser.get(page(model, "add")),
        browser.post(page(model, "add"), {"_save": "1"}),
        browser.post(page(model, "add") + "?_popup=1", {"_popup": "1"}),
        browser.post(page(row, "change"), {"text": "Something else", "state": "sent", "_save": "1"}),
        browser.get(page(row, "delete")),
        browser.post(page(row, "delete"), {"post": "yes"}),
        browser.post(page(model), bulk),
    ]
    assert [response.status_code for response in refused] == [403] * len(refused)
    assert list(model._default_manager.order_by("pk").values()) == before
    assert not LogEntry.objects.exists()


def test_no_inline_of_history_takes_anything(history, cast):
    for its_admin in site._registry.values():
        for inline in (each(its_admin.model, site) for each in its_admin.inlines if each.model in READ_ONLY):
            permissions = [getattr(inline, f"has_{what}_permission")(_asking(cast.root)) for what in ("add", "change", "delete")]
            assert permissions == [False, False, False], inline


@pytest.mark.parametrize("model", [model for model in OURS if model.__name__ != "Grant"], ids=lambda model: model.__name__)
def test_no_parent_of_history_is_deleted_either(model, history, cast, sign_in):
    browser = sign_in(cast.root)
    row = model._default_manager.filter(is_agent=False).first() if model.__name__ == "User" else model._default_manager.first()
    pk = row.pk if row else 1
    assert browser.post(f"{page(model)}{pk}/delete/", {"post": "yes"}).status_code in (302, 403)
    assert row is None or model._default_manager.filter(pk=row.pk).exists()


def test_the_database_protects_history_from_its_parents(history, cast):
    for parent in (cast.shop, cast.amina, cast.alice, cast.assistant, cast.assistant.policy, history):
        with pytest.raises(ProtectedError):
            parent.delete()


def test_conversations_and_proposals_lead_to_their_pages(history, cast, sign_in):
    browser = sign_in(cast.root)
    for row in (history, history.proposals.get()):
        assert f'href="{row.get_absolute_url()}"' in browser.get(page(row, "change")).content.decode()


def test_a_conversation_leads_to_everything_in_it(history, cast, sign_in):
    browser = sign_in(cast.root)
    other = cast.conversation(cast.noor)
    assert isinstance(other, Conversation)
    said = browser.get("/admin/inbox/message/", {"conversation__id__exact": history.pk})
    assert [message.conversation for message in said.context["cl"].result_list] == [history, history]


def _asking(user):
    class Request:
        pass

    request = Request()
    request.user = user
    return request
