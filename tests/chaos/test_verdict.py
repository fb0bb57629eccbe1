"""The check itself can fail: every kind of wrong record is caught, and a right one is not."""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import httpx
import pytest

from tests.chaos.course import LONG, SHORT
from tests.chaos.faults import GRAVE, READS, SENDS, UPLOADS, met, name_of, never_met, spoiled_at
from tests.chaos.ledger import Intent, Ledger
from tests.chaos.people import Browser
from tests.chaos.proof import Proof
from tests.chaos.records import was_answered
from tests.chaos.verdict import AtMeta, Ours, Storm, Verdict, judge

INTENT = Intent("m-000001", "text", "page", "amina", is_accepted=True, may_be_out=True)
ARRIVED = AtMeta("m-000001", "mid-1", "page", "amina")
SENT = Ours("m-000001", "message1", "mid-1", "page", "amina", dispatch="dispatch1", state="sent")
ASKED = AtMeta("in-000001", "mid-9", "page", "amina", is_inbound=True)
HEARD = Ours("in-000001", "message9", "mid-9", "page", "amina", source="contact")


def told(at_meta, ours, *, intents=(INTENT,), **more):
    """The kinds of trouble, with the whole verdict."""
    verdict = judge(intents, at_meta, ours, Storm(**more))
    return [trouble.kind for trouble in verdict.troubles], verdict


def test_what_arrived_once_and_is_called_sent_is_right():
    kinds, verdict = told([ARRIVED, ASKED], [SENT, HEARD])
    assert kinds == [] and verdict.holds
    assert (verdict.intended, verdict.delivered, verdict.inbound) == (1, 1, 1)


def test_a_duplicate_is_caught():
    kinds, verdict = told([ARRIVED, replace(ARRIVED, mid="mid-2")], [SENT])
    assert kinds == ["duplicate"] and not verdict.holds


def test_a_loss_is_caught():
    kinds, verdict = told([], [])
    assert kinds == ["lost"] and not verdict.holds


def test_what_no_door_accepted_and_nobody_wrote_was_not_intended():
    kinds, verdict = told([], [], intents=[replace(INTENT, is_accepted=None)])
    assert kinds == [] and verdict.intended == 0


@pytest.mark.parametrize("is_accepted", [None, False])
def test_what_arrived_though_nobody_let_it_out_is_false(is_accepted):
    shut = replace(INTENT, is_accepted=is_accepted, may_be_out=False)
    assert told([ARRIVED], [SENT], intents=[shut])[0] == ["false"]
    assert told([], [replace(SENT, state="queued", mid="")], intents=[shut])[0] == ["false"]
    assert told([], [], intents=[shut])[0] == []


def test_a_refusal_lets_nothing_out_unless_an_earlier_answer_was_lost():
    ledger = Ledger()
    refused, unsure, clicked_twice = (ledger.plan("text", "page", "amina") for _ in range(3))
    ledger.heard(refused, False)
    ledger.lost(unsure)
    ledger.heard(unsure, False)
    ledger.heard(clicked_twice, True)
    ledger.heard(clicked_twice, False)
    assert [(each.is_accepted, each.may_be_out) for each in (refused, unsure, clicked_twice)] == [(False, False), (False, True), (True, True)]


@pytest.mark.parametrize(("first", "is_lost"), [(httpx.ReadError("gone"), True), (httpx.ConnectError("nobody there"), False), (httpx.Response(502), True)])
def test_only_a_request_that_may_have_come_in_counts_as_lost(first, is_lost):
    answers, lost = [httpx.Response(200), first, httpx.Response(409)], []

    def answer(request):
        told = answers.pop(0)
        if isinstance(told, Exception):
            raise told
        return told

    browser = Browser(SimpleNamespace(url="http://testserver", cookies=lambda name: {}), "clerk", httpx.MockTransport(answer))
    said = browser.ask("POST", "/conversations/1/messages/", lost=lambda: lost.append(True))
    browser.close()
    assert said.status_code == 409 and bool(lost) is is_lost


def test_what_was_written_without_an_answer_is_intended():
    kinds, verdict = told([ARRIVED], [SENT], intents=[replace(INTENT, is_accepted=None)])
    assert kinds == [] and verdict.intended == 1


def test_sent_that_is_not_at_meta_is_false():
    kinds, _verdict = told([], [SENT])
    assert kinds == ["false"]


@pytest.mark.parametrize(("state", "reason"), [("failed", "not_there"), ("cancelled", "taken_back"), ("queued", "")])
def test_what_is_called_not_sent_and_is_at_meta_is_false(state, reason):
    row = replace(SENT, state=state, reason=reason, mid="")
    assert told([ARRIVED], [row], asked_back={"dispatch1"})[0] == ["false"]
    assert told([], [row], asked_back={"dispatch1"})[0] == []


@pytest.mark.parametrize(
    ("state", "reason", "kind"),
    [
        ("failed", "window_closed", "text"), ("failed", "rejected", "card"), ("failed", "thread_held", "link"), ("failed", "contact_unavailable", "text"),
        ("cancelled", "stale", "proposal"), ("cancelled", "they_wrote", "scheduled"),
    ],
)  # fmt: skip
def test_what_did_not_leave_for_a_reason_that_a_storm_causes_is_right(state, reason, kind):
    assert told([], [replace(SENT, state=state, reason=reason, mid="")], intents=[replace(INTENT, kind=kind)])[0] == []


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("failed", ""), ("failed", "given_up"), ("failed", "changed"), ("failed", "not_allowed"), ("failed", "taken_back"), ("cancelled", "erased"),
        ("cancelled", "taken_back"), ("cancelled", "stale"), ("cancelled", "they_wrote"),
    ],
)  # fmt: skip
def test_what_did_not_leave_for_no_reason_that_a_storm_causes_is_false(state, reason):
    assert told([], [replace(SENT, state=state, reason=reason, mid="")])[0] == ["false"]


def test_sent_with_the_id_of_another_message_is_false():
    assert told([ARRIVED], [replace(SENT, mid="mid-7")])[0] == ["false"]


def test_sending_for_ever_is_caught():
    assert told([], [replace(SENT, state="sending", mid="")])[0] == ["lost"]
    assert told([ARRIVED], [replace(SENT, state="sending", mid="")])[0] == ["false"]


def test_what_was_written_twice_is_false():
    assert told([ARRIVED], [SENT, replace(SENT, public_id="message2", state="cancelled", mid="")])[0] == ["false", "false"]


def test_our_own_message_shown_as_written_elsewhere_is_false():
    unknown = replace(SENT, state="unknown", mid="")
    assert told([ARRIVED], [unknown, replace(SENT, public_id="message2", source="elsewhere", state="")], blind={"page"})[0] == ["false"]


def test_what_reached_somebody_else_is_false():
    assert told([replace(ARRIVED, contact="charlie")], [SENT])[0] == ["false"]


def test_what_was_taken_back_and_is_at_meta_is_false():
    assert told([ARRIVED], [SENT], taken_back={"dispatch1"})[0] == ["false"]
    cancelled = replace(SENT, state="cancelled", reason="taken_back", mid="")
    assert told([], [cancelled], taken_back={"dispatch1"}, asked_back={"dispatch1"})[0] == []


def test_what_nobody_meant_to_send_is_false():
    assert told([ARRIVED], [], intents=[])[0] == ["false"]


def test_an_unknown_is_left_to_people_only_where_nobody_can_know():
    unknown = replace(SENT, state="unknown", mid="", was_unknown=True)
    kinds, verdict = told([ARRIVED], [unknown], blind={"page"}, spoiled=1)
    assert kinds == [] and verdict.holds and (verdict.unknown_for_people, verdict.unknowable) == (1, 1)
    kinds, verdict = told([ARRIVED], [unknown])
    assert kinds == ["unsettled"] and not verdict.holds


def test_what_we_call_unknown_makes_nothing_unknowable():
    _kinds, verdict = told([ARRIVED], [replace(SENT, state="unknown", mid="", was_unknown=True)], blind={"page"})
    assert (verdict.unknown_for_people, verdict.unknowable) == (1, 0) and not verdict.holds


def test_what_a_killed_process_left_is_unknowable_where_nobody_can_look():
    _kinds, verdict = told([], [], intents=[], blind={"page"}, spoiled=2, left={"dispatch1": "page", "dispatch2": "another"})
    assert verdict.unknowable == 3


def test_an_unknown_that_meta_had_answered_is_unsettled_unless_its_process_was_killed():
    unknown, answered = replace(SENT, state="unknown", mid="", was_unknown=True), replace(ARRIVED, is_answered=True)
    assert told([answered], [unknown], blind={"page"}, spoiled=1)[0] == ["unsettled"]
    assert told([answered], [unknown], blind={"page"}, left={"dispatch1": "page"})[0] == []


def test_a_plain_answer_is_told_by_what_meta_answered_at_that_moment():
    assert was_answered(10_000, [(3_000, 0), (10_003, 200), (15_000, 502)])
    assert not was_answered(10_000, [(10_003, 0)])
    assert not was_answered(10_000, [(10_003, 200), (10_004, 500)])
    assert not was_answered(10_000, [])


def test_calls_are_spoiled_where_meta_used_up_a_fault_that_says_nothing():
    row = {"kind": "drop_after", "route": "messages", "account": "page", "times": 0, "code": None}
    others = [{"times": 1}, {"account": "another"}, {"route": "conversations"}, {"kind": "window"}, {"kind": "slow"}, {"kind": "error", "code": 100}]
    assert spoiled_at({"page"}, [row, row | {"kind": "error", "code": 2}, row | {"kind": "html"}]) == 3
    assert spoiled_at({"page"}, [row | other for other in others]) == 0


def test_a_settled_unknown_is_counted():
    _kinds, verdict = told([ARRIVED], [replace(SENT, was_unknown=True)])
    assert (verdict.unknown_settled, verdict.unknown_for_people) == (1, 0)


@pytest.mark.parametrize("is_told", [True, False])
def test_an_inbound_message_that_is_not_there_is_caught_whether_or_not_it_was_taken(is_told):
    assert told([ARRIVED, replace(ASKED, is_told=is_told)], [SENT])[0] == ["inbound"]


def test_a_doubled_inbound_message_is_caught():
    assert told([ARRIVED, ASKED], [SENT, HEARD, replace(HEARD, public_id="message8")])[0] == ["inbound"]
    assert told([ARRIVED, ASKED], [SENT, HEARD, replace(HEARD, public_id="message8", mid="mid-made-up")])[0] == ["inbound"]


def test_a_trouble_tells_everything_that_is_known():
    _kinds, verdict = told([replace(ARRIVED, mid="mid-5")], [SENT])
    told_so = str(verdict.troubles[0])
    assert all(words in told_so for words in ("message1", "dispatch1", "sent", "mid-1", "mid-5", "m-000001"))


def test_messages_are_known_by_their_words_or_their_bytes():
    ledger = Ledger()
    text, picture = ledger.plan("text", "page", "amina"), ledger.plan("picture", "page", "amina")
    ledger.picture("abc", picture)
    assert ledger.token_of(f"Yes ({text.token}), of course") == text.token
    assert ledger.token_of("", "abc") == picture.token
    assert ledger.token_of("Hello") == ""


def proof(**more):
    """Of a run that proves everything, but for what is said here."""
    verdict = Verdict(intended=LONG.messages, delivered=LONG.messages)
    return Proof(**({"verdict": verdict, "size": LONG, "kills": LONG.kills, "kills_while_sending": LONG.sending} | more))


def test_a_run_without_a_fault_in_it_has_nothing_to_complain_of():
    assert proof().complaints == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"broken": ["run ended by itself"]}, {"restless": {"queued at page": 3}}, {"undelivered": 1}, {"never_met": ["drop_after"]},
        {"kills": LONG.kills - 1}, {"kills_while_sending": 0}, {"verdict": Verdict(intended=10, delivered=10)},
        {"verdict": Verdict(intended=LONG.messages, delivered=LONG.messages, unknown_for_people=1)},
    ],
)  # fmt: skip
def test_whatever_a_run_does_not_prove_breaks_it(wrong):
    assert len(proof(**wrong).complaints) == 1


def test_a_run_that_delivers_little_breaks():
    assert proof(verdict=Verdict(intended=6000, delivered=4199)).complaints == ["Only 4199 of 6000 messages arrived."]
    assert proof(verdict=Verdict(intended=6000, delivered=4200)).complaints == []
    assert proof(verdict=Verdict(intended=6000, delivered=4130), taken_back=100).complaints == []


def test_a_short_run_need_not_meet_every_fault():
    few = Verdict(intended=SHORT.messages, delivered=SHORT.messages)
    assert proof(verdict=few, size=SHORT, never_met=["drop_after"]).complaints == []


def test_a_fault_is_met_once_meta_has_used_it_up():
    ordered = {"kind": "drop_before", "route": "profile", "account": "page", "code": None}
    assert met([ordered | {"times": 0}, ordered | {"times": 1}, ordered | {"times": None}]) == Counter({"profile:drop_before": 1})


def test_every_kind_of_fault_has_to_be_met():
    everything = Counter(name_of(fault) for fault in (*SENDS, *GRAVE, *UPLOADS, *READS))
    assert never_met(everything) == []
    del everything["error:100"], everything["profile:html"]
    assert never_met(everything) == ["error:100", "profile:html"]
