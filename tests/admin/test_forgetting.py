"""A contact is erased from their page, by whoever manages the account."""

import pytest

from accounts.models import Activity
from inbox.models import DeletionRequest
from inbox.work import work_until_idle
from tests.admin.pages import page


def test_a_manager_erases_a_contact_after_a_question(cast, dana):
    question = dana.get(page(cast.amina, "erasure"))
    assert "Everything that we hold about this person is erased" in question.text
    assert not DeletionRequest.objects.exists()
    answer = dana.post(page(cast.amina, "erasure"), follow=True)
    request = DeletionRequest.objects.get()
    assert answer.redirect_chain[-1][0] == page(request, "change")
    assert "being erased" in answer.text
    assert (request.contact, request.by) == (cast.amina, cast.dana)
    assert Activity.objects.filter(verb="contact.erasure_asked", by=cast.dana, account=cast.shop).count() == 1
    work_until_idle("upkeep")
    assert "finished" in dana.get(page(request, "change")).text
    assert cast.conversation(cast.amina).last_message.text == ""


def test_while_it_is_under_way_it_is_not_offered_again(cast, dana):
    for _ in range(2):
        assert dana.post(page(cast.amina, "erasure")).status_code == 302
    assert DeletionRequest.objects.count() == 1
    assert page(cast.amina, "erasure") not in dana.get(page(cast.amina, "change")).text


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("alice", 403), ("charlie", 403)])
def test_who_does_not_manage_erases_nobody(cast, sign_in, who, status):
    assert sign_in(getattr(cast, who)).post(page(cast.amina, "erasure")).status_code == status
    assert not DeletionRequest.objects.exists()


def test_a_manager_erases_no_contact_of_another_account(cast, dana):
    assert dana.post(page(cast.noor, "erasure")).status_code == 404
    assert not DeletionRequest.objects.exists()


def test_a_manager_sees_requests_about_her_contacts_only(cast, dana, sign_in):
    root = sign_in(cast.root)
    for contact in (cast.amina, cast.noor):
        root.post(page(contact, "erasure"))
    DeletionRequest.objects.create(meta_app=cast.shop.meta_app, user_id="7300", received_at=cast.amina.first_seen_at)
    assert [request.contact for request in dana.get(page(DeletionRequest)).context["cl"].result_list] == [cast.amina]
    assert len(root.get(page(DeletionRequest)).context["cl"].result_list) == 3
