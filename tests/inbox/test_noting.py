"""Notes: who writes them, whom they mention, and that nobody outside ever gets to see them."""

from datetime import timedelta

import pytest

from accounts.models import Activity, Grant, Right, User
from inbox.errors import ContentRefused, NotAllowed
from inbox.models import Conversation, Mention, Note
from inbox.noting import LONGEST, colleagues_of, mentioned_in, see_mentions, take_note_away, write_note
from inbox.templatetags.notes import with_mentions
from tests.agents.calling import answer


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


def mentioned(note) -> list[str]:
    return sorted(mention.user.name for mention in note.mentions.all())


def test_a_note_is_kept_with_who_and_when(cast, amina):
    note = write_note(amina, "  She ordered twice.\r\nCheck first.  ", by=cast.bob)
    assert (note.text, note.by) == ("She ordered twice.\nCheck first.", cast.bob) and note.at
    assert Activity.objects.get(verb="conversation.noted").details == {"note": note.public_id}


@pytest.mark.parametrize("text", ["", " \n ", "x" * (LONGEST + 1), "a\0b"])
def test_what_is_no_note_is_refused(cast, amina, text):
    with pytest.raises(ContentRefused):
        write_note(amina, text, by=cast.bob)
    assert not Note.objects.exists()


@pytest.mark.parametrize("who", ["charlie", "dana", "assistant"])
def test_who_may_not_reply_leaves_no_note(cast, amina, who):
    by = cast.assistant.user if who == "assistant" else getattr(cast, who)
    with pytest.raises(NotAllowed):
        write_note(amina, "Psst", by=by)


def test_a_note_mentions_those_it_names_and_nobody_else(cast, amina):
    note = write_note(amina, "@Alice and @dana, look; not alice@example.test, nor @Charlie, nor me, @Bob", by=cast.bob)
    assert mentioned(note) == ["Alice", "Dana"]


def test_a_first_name_is_enough_where_one_alone_has_it(cast, amina):
    User.objects.filter(pk=cast.alice.pk).update(name="Alice Moor")
    assert mentioned(write_note(amina, "@Alice, please", by=cast.bob)) == ["Alice Moor"]
    second = User.objects.create_user("alice2@example.test", name="Alice Reed")
    Grant.objects.create(user=second, account=cast.shop, right=Right.REPLY)
    assert mentioned(write_note(amina, "@Alice, please", by=cast.bob)) == []
    assert mentioned(write_note(amina, "@Alice Reed, please", by=cast.bob)) == ["Alice Reed"]


def test_colleagues_are_people_who_may_read_here(cast):
    assert [user.name for user in colleagues_of(cast.shop)] == ["Alice", "Bob", "Dana"]
    assert mentioned_in("@Bob!", colleagues_of(cast.shop)) == [cast.bob]


def test_an_address_with_an_at_mentions_nobody_and_stays_a_link(cast, amina):
    words = "see https://tiktok.com/@Bob and https://x.test/?q=@Bob, @Bob"
    assert mentioned(write_note(amina, "see https://tiktok.com/@Bob", by=cast.alice)) == []
    shown = with_mentions(words, ["Bob"])
    assert '<a href="https://tiktok.com/@Bob" rel="nofollow">https://tiktok.com/@Bob</a>' in shown
    assert shown.endswith(' <span class="mention">@Bob</span>')
    assert 'href="https://x.test/?q=%40Bob"' in shown or 'href="https://x.test/?q=@Bob"' in shown


def test_a_mention_is_new_until_it_is_seen(cast, amina):
    note = write_note(amina, "@Alice", by=cast.bob)
    before, after = note.at - timedelta(seconds=1), note.at + timedelta(seconds=1)
    assert not see_mentions(cast.conversation(cast.noor), by=cast.alice, until=after)
    assert not see_mentions(amina, by=cast.alice, until=before) and not see_mentions(amina, by=cast.alice, since=after, until=after)
    assert [see_mentions(amina, by=who, since=before, until=after) for who in (cast.bob, cast.alice, cast.alice)] == [False, True, False]
    assert Mention.objects.get().seen_at


def test_who_wrote_it_takes_it_away_and_that_there_was_one_stays(cast, amina):
    note = write_note(amina, "@Alice, wrong thread", by=cast.bob)
    take_note_away(note, by=cast.bob)
    take_note_away(note, by=cast.bob)
    note.refresh_from_db()
    assert note.text == "" and note.removed_at and not Mention.objects.exists()
    assert Activity.objects.filter(verb="conversation.note_removed").count() == 1


@pytest.mark.parametrize("who", ["alice", "charlie", "dana"])
def test_nobody_else_takes_it_away(cast, amina, who):
    note = write_note(amina, "Mine", by=cast.bob)
    with pytest.raises(NotAllowed):
        take_note_away(note, by=getattr(cast, who))
    note.refresh_from_db()
    assert note.text == "Mine"


def test_no_agent_reads_a_note_and_nothing_of_it_leaves(cast, amina):
    write_note(amina, "Between us: a difficult one", by=cast.bob)
    told = str(answer(cast.key, "get_conversation", conversation_id=amina.public_id)) + str(answer(cast.key, "list_conversations"))
    cast.settle()
    assert "difficult" not in told and cast.received(cast.amina) == []


def test_a_note_answers_nobody_and_changes_no_revision(cast, amina):
    before = (amina.revision, amina.waiting_since, amina.last_message_id)
    write_note(amina, "Only us", by=cast.bob)
    amina.refresh_from_db()
    assert (amina.revision, amina.waiting_since, amina.last_message_id) == before
