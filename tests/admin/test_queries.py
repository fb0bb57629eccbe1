"""Lists stay cheap: more rows do not mean more queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.content import Content
from inbox.models import Contact
from inbox.work import work_until_idle
from tests.admin.pages import OURS, page


def queries(browser, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_the_list_asks_as_much_for_many_rows_as_for_few(model, history, cast, sign_in):
    browser = sign_in(cast.root)
    browser.get(page(model))
    few = queries(browser, page(model))
    for number in range(3):
        contact = _somebody(cast, number)
        cast.conversation(contact).reply(Content(text=f"Answer {number}"), by=cast.bob)
    assert queries(browser, page(model)) <= few
    assert few <= 25


def _somebody(cast, number):
    external_id = cast.simulator.add_contact(cast.shop.external_id, f"Person {number}", username=f"person{number}")
    cast.simulator.write(cast.shop.external_id, external_id, text=f"Question {number}")
    work_until_idle("ingest")
    return Contact.objects.get(external_id=external_id)


def test_a_manager_asks_little_more_than_a_superuser(history, cast, sign_in):
    superuser, manager = sign_in(cast.root), sign_in(cast.dana)
    assert queries(manager, "/admin/") <= queries(superuser, "/admin/") + 3
