"""The story of an outgoing message: who did what to it, when, and what came of it."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Activity, User
from agents.deciding import decide
from agents.proposing import propose
from core.clock import now
from inbox.content import Content
from inbox.erasing import erase
from inbox.forgetting import ask_for
from inbox.media import keep_upload
from inbox.models import Attempt, Conversation, Dispatch
from inbox.outbox import cancel, it_arrived, reschedule, retry, send_again
from inbox.story import Step, Story
from inbox.templatetags.times import when
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page
from tests.inbox.pictures import picture
from tests.inbox.test_media import _upload


def _reply(cast, text: str = "Hello", **how) -> Dispatch:
    return cast.conversation(cast.amina).reply(Content(text=text), by=cast.bob, **how).dispatch


def _steps(dispatch: Dispatch) -> list[Step]:
    return Story.of(dispatch).steps


def _told(dispatch: Dispatch) -> list[str]:
    """The sentences, without the marks that keep names apart."""
    return [re.sub("[\u2068\u2069]", "", step.words) for step in _steps(dispatch)]


def test_a_message_that_meta_takes_at_once_is_told_in_two_lines(cast):
    dispatch = _reply(cast)
    work_until_idle("dispatch")
    assert _told(dispatch) == ["Bob wrote this.", "Countersign handed it to Meta, and Meta took it."]
    assert [(step.who, step.tone) for step in _steps(dispatch)] == [("person", ""), ("countersign", "good")]


def test_what_was_delivered_and_read_is_said_without_a_time(cast):
    dispatch = _reply(cast)
    cast.settle()
    type(cast.amina).objects.filter(pk=cast.amina.pk).update(name="Amina Okafor")
    Conversation.objects.update(read_until=now() + timedelta(minutes=1))
    assert _told(dispatch)[2:] == ["It was delivered.", "Amina Okafor has read it."]
    assert [step.at for step in _steps(dispatch)[2:]] == [None, None]


def test_an_approved_proposal_names_who_wrote_and_who_let_it_out(cast):
    conversation = cast.conversation(cast.amina)
    for changed, words in ((None, "Assistant proposed this; Alice approved it."), ("Better", "Assistant proposed this; Alice changed and approved it.")):
        proposal = propose(cast.assistant, conversation, Content(text="Proposed")).proposal
        conversation.refresh_from_db()
        decide(proposal, by=cast.alice, approve=True, digest=proposal.digest, revision=conversation.revision, text=changed)
        assert _told(Dispatch.objects.latest("pk"))[0] == words


def test_what_an_echo_settled_says_so(cast):
    cast.simulator.fault("drop_after", account=cast.shop.external_id)
    dispatch = _reply(cast)
    cast.settle()
    assert _told(dispatch)[:4] == [
        "Bob wrote this.", "Countersign handed it to Meta, and no clear answer came.", "Nobody could tell whether it arrived.",
        "Meta told of it by itself: it has the message.",
    ]  # fmt: skip
    assert [step.tone for step in _steps(dispatch)[:4]] == ["", "care", "care", "good"]


def test_what_a_person_settled_names_them(cast, clock):
    cast.simulator.set_echo(cast.shop.external_id, "never")
    cast.simulator.fault("drop_after", account=cast.shop.external_id, times=2)
    dispatch = _reply(cast)
    work_until_idle("dispatch")
    clock.shift(timedelta(hours=1))
    send_again(Dispatch.objects.get(), by=cast.bob)
    work_until_idle("dispatch")
    it_arrived(Dispatch.objects.get(), by=cast.alice)
    assert _told(dispatch)[3:] == [
        "Bob looked at Meta and had it sent again.", "Countersign handed it to Meta, and no clear answer came.",
        "Nobody could tell whether it arrived.", "Alice looked at Meta and found it there.",
    ]  # fmt: skip
    assert [step.at for step in _steps(dispatch)] == sorted(step.at for step in _steps(dispatch))


def test_a_refusal_is_told_with_metas_words_and_ours_and_then_who_tried_again(cast, clock):
    cast.simulator.fault("unavailable", account=cast.shop.external_id)
    dispatch = _reply(cast)
    work_until_idle("dispatch")
    refused = _steps(dispatch)[1]
    assert (refused.words, refused.tone) == ("Countersign handed it to Meta, and Meta did not take it.", "bad")
    assert refused.said == Attempt.objects.get().answer != ""
    assert refused.why == "The contact does not receive messages from this account now."
    clock.shift(timedelta(minutes=1))
    retry(Dispatch.objects.get(), by=cast.alice)
    work_until_idle("dispatch")
    assert _told(dispatch)[2:4] == ["Alice had it tried again.", "Countersign handed it to Meta, and Meta took it."]


def test_a_file_that_could_not_be_given_stands_before_the_call(cast, clock):
    media = keep_upload(cast.shop, _upload(picture("JPEG")), by=cast.bob)
    media.refresh_from_db()
    cast.simulator.fault("error_before", route="*", account=cast.shop.external_id)
    dispatch = cast.conversation(cast.amina).reply(Content(media=media), by=cast.bob).dispatch
    work_until_idle("dispatch")
    clock.shift(timedelta(minutes=1))
    work_until_idle("dispatch")
    assert _told(dispatch)[1:] == [
        "Countersign could not give the file to Meta.", "Countersign gave the file to Meta.", "Countersign handed it to Meta, and Meta took it."
    ]  # fmt: skip


def test_tries_that_end_alike_are_told_once_with_how_often_and_until_when(cast, clock):
    cast.simulator.fault("drop_before", account=cast.shop.external_id, times=4)
    dispatch = _reply(cast)
    for _ in range(5):
        work_until_idle("dispatch")
        clock.shift(timedelta(minutes=2))
    assert _told(dispatch) == ["Bob wrote this.", "Countersign could not reach Meta.", "Countersign handed it to Meta, and Meta took it."]
    waiting = _steps(dispatch)[1]
    assert (waiting.times, waiting.until) == (4, Attempt.objects.get(number=4).started_at)
    assert waiting.why == "Meta could not be reached. It is tried again by itself."


def test_what_is_taken_back_and_what_still_waits(cast):
    dispatch = _reply(cast, hold=timedelta(minutes=5))
    ahead = _steps(dispatch)[-1]
    assert (ahead.words, ahead.is_ahead, ahead.at) == ("It leaves then at the earliest.", True, dispatch.not_before)
    cancel(dispatch, by=cast.alice)
    assert _told(dispatch) == ["Bob wrote this.", "Alice took it back."]


def test_words_that_went_stale_say_why(cast):
    conversation = cast.conversation(cast.amina)
    proposal = propose(cast.assistant, conversation, Content(text="Proposed")).proposal
    conversation.refresh_from_db()
    decide(proposal, by=cast.alice, approve=True, digest=proposal.digest, revision=conversation.revision)
    cast.write(cast.amina, "Wait")
    work_until_idle("dispatch")
    kept = _steps(Dispatch.objects.get())[-1]
    assert (kept.words, kept.why) == ("It was kept back.", "The contact wrote again before this left, so it went back for another look.")


def test_a_deed_that_the_story_has_no_sentence_for_is_told_all_the_same(cast):
    dispatch = _reply(cast, hold=timedelta(minutes=5))
    Activity.record("message.looked_100%_at", dispatch.message, by=cast.bob, at=now())
    assert "Bob: message: looked 100% at" in _told(dispatch)


def test_a_long_story_costs_no_more_questions_than_a_short_one(cast):
    def questions(dispatch: Dispatch) -> int:
        with CaptureQueriesContext(connection) as asked:
            story = Story.of(dispatch)
            assert story.steps and story.for_support
        return len(asked)

    dispatch = _reply(cast)
    work_until_idle("dispatch")
    short = questions(dispatch)
    Attempt.objects.bulk_create(
        Attempt(dispatch=dispatch, number=number, started_at=now(), outcome="not_sent", error="NotSent", request_digest="d") for number in range(2, 90)
    )
    for _ in range(20):
        Activity.record("message.retried", dispatch.message, by=cast.alice, at=now())
    assert questions(dispatch) == short <= 4


def test_each_moment_that_was_chosen_is_told_with_who_chose_it(cast):
    first, later = (now() + timedelta(hours=hours) for hours in (3, 7))
    dispatch = _reply(cast, scheduled_for=first)
    reschedule(dispatch, to=later, by=cast.alice, unless_they_write=False)
    assert _told(dispatch)[:2] == ["Bob wrote this.", "Alice chose another time for it."]
    assert [step.why for step in _steps(dispatch)[:2]] == [f"It was to leave on {when(moment)}." for moment in (first, later)]


@pytest.mark.parametrize(("doubt", "words"), [
    ("", "Nothing there looks like this message."), ("empty", "Meta showed no messages of it."), ("behind", "What Meta showed of it was not complete."),
    ("short", "What Meta showed of it does not reach back to the call."), ("unclear", "Something in it may be this message in another form."),
])  # fmt: skip
def test_a_reading_that_came_back_is_told_as_one_and_a_later_that_failed_beside_it(cast, doubt, words):
    cast.simulator.fault("drop_after", account=cast.shop.external_id)
    dispatch = _reply(cast)
    work_until_idle("dispatch")
    Dispatch.objects.update(thread_read_at=now(), thread_matches=0, thread_doubt=doubt)
    assert _told(dispatch)[-1] == f"Countersign read the conversation at Meta. {words}"
    Dispatch.objects.update(thread_trouble="not_reached")
    read, failed = _steps(dispatch)[-2:]
    assert words in read.words and read.at
    assert (failed.at, failed.words) == (None, "When Countersign was to read the conversation at Meta last, it could not.")
    assert failed.why == "Meta could not be reached."
    Dispatch.objects.update(thread_read_at=None, thread_matches=None, thread_doubt="")
    assert _told(dispatch)[-2:] == ["Nobody could tell whether it arrived.", failed.words]


def test_content_is_taken_away_at_meta_too_only_where_it_was_unsent_there(cast):
    unsent, dispatch = _reply(cast), _reply(cast, "Hello again")
    cast.settle()
    erase(unsent.message, now())
    ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("upkeep")
    assert (_told(unsent)[-1], _steps(unsent)[-1].who) == ("Its content was taken away, there and here.", "meta")
    assert (_told(dispatch)[-1], _steps(dispatch)[-1].who) == ("Its content was taken away here: this contact is forgotten.", "countersign")


# Pages ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def refused(cast) -> Dispatch:
    cast.simulator.fault("window", account=cast.shop.external_id)
    dispatch = _reply(cast)
    work_until_idle("dispatch")
    return dispatch


def _address(dispatch: Dispatch) -> str:
    return f"/messages/{dispatch.message.public_id}/story/"


def test_under_each_message_of_ours_stands_the_way_to_its_story(cast, refused, sign_in):
    shown = page(sign_in(cast.bob), cast.conversation(cast.amina).get_absolute_url())
    assert shown.count(f'hx-get="{_address(refused)}"') == shown.count('class="happened"') == 1
    assert f'href="{_address(refused)}"' in shown  # without JavaScript


def test_the_story_is_a_fragment_and_a_page(cast, refused, sign_in):
    fragment = page(sign_in(cast.bob), _address(refused), headers=HTMX)
    assert fragment.lstrip().startswith("<section") and "Meta did not take it" in fragment
    whole = page(sign_in(cast.bob), _address(refused))
    assert "<title>" in whole and fragment.strip().splitlines()[-1] in whole


def test_what_metas_support_asks_for_is_there_to_be_copied(cast, refused, sign_in):
    call, shown = refused.attempts.get(), page(sign_in(cast.bob), _address(refused), headers=HTMX)
    for fact in (call.trace_id, call.code, call.request_digest, call.worker, f"{call.duration_ms} ms", cast.shop.external_id):
        assert fact in shown
    assert "data-copy=" in shown


def test_times_are_the_readers_own_to_the_second_and_exact_for_support(cast, refused, sign_in):
    User.objects.filter(pk=cast.bob.pk).update(time_zone="Asia/Tokyo")
    started, shown = refused.attempts.get().started_at, page(sign_in(cast.bob), _address(refused), headers=HTMX)
    assert f"{started.astimezone(ZoneInfo('Asia/Tokyo')):%H:%M:%S}</time>" in shown
    assert re.search(r"T\d\d:\d\d:\d\d\.\d{3}\+09:00", shown)


@pytest.mark.parametrize("address", ["incoming", "nowhere", "elsewhere"])
def test_only_messages_that_left_from_here_have_a_story(cast, sign_in, address):
    incoming = cast.conversation(cast.amina).messages.get()
    if address == "elsewhere":
        type(incoming).objects.update(direction="out", source="elsewhere")
    public_id = "nowhere" if address == "nowhere" else incoming.public_id
    assert sign_in(cast.root).get(f"/messages/{public_id}/story/").status_code == 404


def test_who_may_not_read_the_account_gets_no_story(cast, refused, sign_in):
    assert sign_in(cast.charlie).get(_address(refused)).status_code == 404
    assert sign_in(cast.dana).get(_address(refused)).status_code == 200
