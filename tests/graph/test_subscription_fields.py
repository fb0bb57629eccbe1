"""Which permissions and which kinds of webhooks are asked for, and what is done where Meta does not give all of them."""

import warnings
from typing import Any

import pytest

from graph.errors import NotFound, PermissionMissing, Rejected, Unavailable
from graph.networks import Login, Network
from graph.scopes import ASKED_SCOPES, NEEDED_SCOPES
from graph.subscription_fields import NEEDED_FIELDS, SUBSCRIBED_FIELDS, fields_for, needed_fields_for

from .meta import IG, SHOP, STUDIO, Meta, Script, client, error

with warnings.catch_warnings():  # it was written for older Pythons
    warnings.simplefilter("ignore")
    from facebook_business.adobjects.iguser import IGUser
    from facebook_business.adobjects.page import Page

MESSENGER = (Login.FACEBOOK, Network.MESSENGER)
BEHIND_A_PAGE = (Login.FACEBOOK, Network.INSTAGRAM)
BY_ITSELF = (Login.INSTAGRAM, Network.INSTAGRAM)
# The documents name these, the SDK does not.
BEYOND_THE_SDK = {"messaging_handover", "messaging_policy_enforcement", "message_echoes"}
PAIRS = [("message_edits", "message_edit"), ("messaging_referrals", "messaging_referral"), ("messaging_handovers", "messaging_handover")]
DONE = {"success": True}


def names(enum: type) -> set[str]:
    return {value for name, value in vars(enum).items() if not name.startswith("_")}


def asked(meta: Meta) -> list[list[str]]:
    return [request.content.decode().partition("=")[2].split("%2C") for request in meta.requests]


def unknown(index: int) -> dict[str, Any]:
    return {"error": {"message": f"(#100) Param subscribed_fields[{index}] must be one of {{...}}", "code": 100}}


def test_meta_knows_every_field_that_is_asked_for() -> None:
    assert set(SUBSCRIBED_FIELDS["page"]) <= names(Page.SubscribedFields)
    assert set(SUBSCRIBED_FIELDS["instagram"]) - BEYOND_THE_SDK <= names(IGUser.SubscribedFields)
    assert set(fields_for(*BY_ITSELF)) - BEYOND_THE_SDK <= names(IGUser.SubscribedFields)


@pytest.mark.parametrize(("plural", "singular"), PAIRS)
def test_a_page_says_in_the_plural_what_instagram_says_in_the_singular(plural: str, singular: str) -> None:
    assert plural in fields_for(*MESSENGER) and singular not in fields_for(*MESSENGER)
    assert singular in fields_for(*BY_ITSELF) and plural not in fields_for(*BY_ITSELF)
    assert singular in SUBSCRIBED_FIELDS["instagram"] and plural not in SUBSCRIBED_FIELDS["instagram"]


def test_the_page_has_one_list_for_both_of_its_accounts() -> None:
    assert fields_for(*BEHIND_A_PAGE) == fields_for(*MESSENGER) == SUBSCRIBED_FIELDS["page"]


@pytest.mark.parametrize("kind", [MESSENGER, BEHIND_A_PAGE, BY_ITSELF])
def test_what_is_needed_is_asked_for(kind: tuple[Login, Network]) -> None:
    assert set(NEEDED_SCOPES[kind]) <= set(ASKED_SCOPES[kind[0]])
    assert set(needed_fields_for(*kind)) <= set(fields_for(*kind))
    assert len(set(fields_for(*kind))) == len(fields_for(*kind))
    assert needed_fields_for(*kind) == NEEDED_FIELDS[kind]


def test_one_login_of_facebooks_asks_for_pages_and_the_accounts_behind_them() -> None:
    assert set(ASKED_SCOPES[Login.FACEBOOK]) == {*NEEDED_SCOPES[MESSENGER], *NEEDED_SCOPES[BEHIND_A_PAGE], "pages_show_list"}
    assert ASKED_SCOPES[Login.INSTAGRAM] == ("instagram_business_basic", "instagram_business_manage_messages")


# What Meta does not give


def test_a_field_that_meta_does_not_know_is_left_out_and_the_others_are_subscribed() -> None:
    meta = Script(unknown(1), unknown(1), DONE)
    given = client(meta, STUDIO).subscribe_most(["messages", "message_echoes", "new", "comments"], needed=["messages"])
    assert given == ("messages", "comments")
    assert asked(meta) == [["messages", "message_echoes", "new", "comments"], ["messages", "new", "comments"], ["messages", "comments"]]
    assert set(meta.paths) == {f"/{IG}/subscribed_apps"}


@pytest.mark.parametrize("refusal", [error(100), error(200), error(10), unknown(0), unknown(99)])
def test_where_meta_names_no_field_that_can_be_spared_only_what_is_needed_is_asked_for(refusal: dict[str, Any]) -> None:
    meta = Script(refusal, DONE)
    assert client(meta, SHOP).subscribe_most(["messages", "feed", "mention"], needed=["messages"]) == ("messages",)
    assert asked(meta) == [["messages", "feed", "mention"], ["messages"]]


def test_where_everything_is_given_one_call_does() -> None:
    meta = Meta(DONE)
    assert client(meta).subscribe_most(fields_for(*MESSENGER), needed=needed_fields_for(*MESSENGER)) == fields_for(*MESSENGER)
    assert len(meta.requests) == 1


def test_what_is_needed_and_not_given_is_an_error() -> None:
    with pytest.raises(PermissionMissing):
        client(Meta(error(200), status=400)).subscribe_most(["messages", "feed"], needed=["messages"])
    with pytest.raises(Rejected):
        client(Script(unknown(0), unknown(0))).subscribe_most(["messages", "feed"], needed=["messages"])


@pytest.mark.parametrize(("answer", "kind"), [(error(100, 33), NotFound), (error(2), Unavailable)])
def test_other_trouble_is_no_refusal_of_a_field(answer: dict[str, Any], kind: type[Exception]) -> None:
    meta = Meta(answer, status=400)
    with pytest.raises(kind):
        client(meta).subscribe_most(["messages", "feed"], needed=["messages"])
    assert len(meta.requests) == 1
