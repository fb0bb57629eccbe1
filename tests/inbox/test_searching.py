"""What was said is found by its words, by whoever may read it, on both databases alike; what was taken away is not."""

import importlib
import random
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.template.loader import render_to_string

from accounts.models import Account, Grant, Right, Stop, User
from core.clock import now
from core.words import terms_of, words_of
from graph.payloads import Link
from inbox import forgetting, outbox, searching
from inbox.content import Content
from inbox.models import Attachment, Contact, Conversation, Dispatch, Message, SearchEntry
from inbox.recording import record_sent
from inbox.searching import find, note_contact, note_messages
from inbox.views import found as found_view
from inbox.views.access import conversations_of
from inbox.views.asked import Asked
from inbox.views.found import found_for
from inbox.work import work_until_idle
from tests.core.finding import is_found

ODD = [
    '"', "'", "''", "(", ")", "((a", "*", "a*", "-a", "a-", "NEAR", "NEAR(a b)", "a AND", "OR", "NOT", "words:a", "^a", "a:*", "\\", "a\\", "<->", "!a",
    "a & | b", "👍", "❤️", "\0", "a\0b", "\ud800", "a\udfff", "%", "_", ";", "--", "x" * 10_000, "ab " * 3_400, "กาแฟ" * 2_500, "@m1",
    "\u202e\u200b", "\n\t", "'; DROP TABLE", "{{ a }}",
]  # fmt: skip
SPELLINGS = [
    "cafe", "Café", "caf", "tea", "TEE", "A-1042", "1042", "กา", "แฟ", "กาแฟ", "咖", "咖啡", "茶", "مُحَمَّد", "محمد",
    "é", "ß", "ss", "👍", "'", '"', "*", "(", "-",
]  # fmt: skip


def look(user: User, q: str, **more):
    return found_for(user, q, conversations_of(user), **more)


def said(user: User, q: str, **more) -> list[str]:
    return [hit.message.text for hit in look(user, q, **more).messages]


def names(user: User, q: str) -> list[str]:
    return [str(hit.conversation.contact) for hit in look(user, q).contacts]


def marked(pieces) -> str:
    return "".join(f"[{piece.text}]" if piece.is_match else piece.text for piece in pieces)


def indexed() -> str:
    """Every word that the index of this database knows, and on SQLite the bytes in which it lies, where words share their beginnings."""
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            cursor.execute("SELECT words FROM inbox_searchentry")
            return " ".join(words for (words,) in cursor.fetchall())
        cursor.execute("CREATE VIRTUAL TABLE temp.known USING fts5vocab(main, inbox_search, row)")
        cursor.execute("SELECT term FROM temp.known")
        terms = [term for (term,) in cursor.fetchall()]
        cursor.execute("DROP TABLE temp.known")
        cursor.execute("SELECT block FROM inbox_search_data")
        return " ".join([*terms, *(bytes(block).decode("latin-1") for (block,) in cursor.fetchall())])


# What is found ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "questions", "others"),
    [
        ("Avez-vous du café crème ?", ["cafe", "CAFÉ", "creme caf", "avez-vous"], ["fe", "cafes"]),
        ("مُحَمَّد يريد الشاي", ["محمد", "الشاي محمد", "الشا"], ["قهوة"]),
        ("ขอกาแฟร้อนสองแก้ว", ["กาแฟ", "แก้ว", "ก", "กาแฟ แก้ว"], ["ชาเย็น"]),
        ("我要一杯咖啡", ["咖啡", "啡", "杯 咖啡", "我要一杯咖啡"], ["茶", "咖茶"]),
        ("コーヒーをください", ["コーヒー", "ください"], ["紅茶"]),
        ("안녕하세요 커피", ["커피", "안녕"], ["하세요"]),
        ("Order A-1042, again", ["A-1042", "1042", "order 10"], ["B-1042", "1043"]),
        ("Write to jo.bloggs@example.co.uk", ["jo.bloggs@example.co.uk", "bloggs", "example.co"], ["jane@example.co.uk"]),
        ("Great 👍 thanks", ["great", "👍 thanks"], ["👍", "👎"]),
        ("It costs ١٢ or १५", ["12", "15"], ["13"]),
    ],
)
def test_a_message_is_found_by_its_words(cast, text, questions, others):
    cast.write(cast.amina, text)
    for question in questions:
        assert said(cast.bob, question) == [text], question
    for question in others:
        assert said(cast.bob, question) == [], question


def test_all_words_have_to_stand_in_one_message(cast):
    cast.write(cast.amina, "The blue cup")
    cast.write(cast.amina, "The red cup")
    assert said(cast.bob, "cup") == ["The red cup", "The blue cup"]
    assert said(cast.bob, "cup blu") == ["The blue cup"]
    assert said(cast.bob, "cup green") == []


def test_contacts_are_found_by_name_and_username(cast):
    work_until_idle("fetch")
    assert names(cast.bob, "okaf") == ["Amina Okafor"]
    assert names(cast.bob, "noor hadd") == ["Noor Haddad"]
    assert marked(look(cast.bob, "amina").contacts[0].name) == "[Amina] Okafor"
    hit = look(cast.bob, "noor").contacts[0]
    assert (marked(hit.name), marked(hit.username)) == ("[Noor] Haddad", "[noor]")


def test_a_name_that_becomes_known_later_is_found(cast):
    Contact.objects.filter(pk=cast.amina.pk).update(name="", username="")
    SearchEntry.objects.filter(contact=cast.amina).delete()
    assert names(cast.bob, "okafor") == []
    work_until_idle("fetch")
    assert names(cast.bob, "okafor") == ["Amina Okafor"]


def test_a_name_that_changes_is_found_as_it_is_now(cast):
    note_contact(cast.amina, name="Zoë Quint", username="")
    Contact.objects.filter(pk=cast.amina.pk).update(name="Zoë Quint", username="")
    assert (names(cast.bob, "zoe"), names(cast.bob, "okafor")) == (["Zoë Quint"], [])
    note_contact(cast.amina, name="", username="")
    assert names(cast.bob, "zoe") == []


def test_only_the_first_few_contacts_are_listed(cast):
    for number in range(found_view.CONTACTS + 2):
        other = cast.simulator.add_contact(cast.shop.external_id, f"Robin {number}")
        cast.simulator.write(cast.shop.external_id, other, text="Hi")
    work_until_idle("ingest", "fetch")
    found = look(cast.bob, "robin")
    assert (len(found.contacts), found.has_more_contacts) == (found_view.CONTACTS, True)
    assert found.heading == "5+ contacts, 0 messages"


def test_what_we_said_is_found_with_cards_and_names_of_files(cast):
    conversation = cast.conversation(cast.amina)
    conversation.reply(Content(text="We open on Wednesday"), by=cast.bob)
    conversation.reply(Content(link=Link(url="https://shop.example/menu-autumn", title="Our menu", subtitle="Pumpkin and more")), by=cast.bob)
    cast.settle()
    assert said(cast.alice, "wednesday") == ["We open on Wednesday"]
    for question in ("menu", "pumpkin", "shop.example autumn"):
        assert len(look(cast.alice, question).messages) == 1
    message = Message.objects.get(text="We open on Wednesday")
    Attachment.objects.create(message=message, kind="file", title="Invoice_2026-77.pdf")
    note_messages([message])
    hit = look(cast.alice, "invoice 77").messages[0]
    assert marked(hit.snippet) == "[Invoice]_2026-[77].pdf"


def test_what_another_app_said_is_found(cast):
    cast.simulator.answer_elsewhere(cast.shop.external_id, cast.amina.external_id, "Answered from the telephone")
    work_until_idle("ingest")
    assert said(cast.bob, "telephone") == ["Answered from the telephone"]


def test_what_was_read_back_is_found_with_the_names(cast):
    from inbox.backfilling import backfill_next, start_backfill
    from inbox.models import Backfill

    cast.simulator.add_history(cast.shop.external_id, contacts=2, messages=3)
    start_backfill(cast.shop, by=cast.dana, at=now(), since=None)
    while Backfill.objects.unfinished().exists():
        backfill_next()
    stored = Message.objects.filter(account=cast.shop, is_history=True).exclude(text="")
    assert stored.exists()
    for message in stored:
        assert message.text in said(cast.bob, message.text)
    for contact in Contact.objects.filter(account=cast.shop).exclude(name=""):
        assert str(contact) in names(cast.bob, contact.name)


# What is not ------------------------------------------------------------------------------------------------------
def test_who_may_not_read_finds_nothing(cast):
    cast.write(cast.amina, "The secret is saffron")
    assert said(cast.bob, "saffron") == ["The secret is saffron"]
    assert not look(cast.charlie, "saffron") and not look(cast.charlie, "amina")
    Grant.objects.create(user=cast.charlie, account=cast.studio, right=Right.READ)
    assert not look(cast.charlie, "saffron")
    assert said(cast.charlie, "saturday") == ["Is the Saturday class full?"]


def test_only_what_the_caller_lets_through_is_found(cast):
    rows = conversations_of(cast.bob).filter(account=cast.studio)
    assert not found_for(cast.bob, "yirgacheffe", rows)
    assert not found_for(cast.bob, "yirgacheffe", rows, accounts=[cast.studio.pk])
    assert found_for(cast.bob, "saturday", rows, accounts=[cast.studio.pk])
    assert not found_for(cast.charlie, "saturday", conversations_of(cast.charlie), accounts=[cast.shop.pk, cast.studio.pk])
    assert not found_for(cast.charlie, "saturday", rows)


def test_an_edited_message_is_found_by_its_newest_words(cast):
    mid = cast.write(cast.amina, "A table for seven")
    cast.simulator.edit(cast.shop.external_id, cast.amina.external_id, mid, "A table for eleven")
    work_until_idle("ingest")
    found = look(cast.bob, "eleven")
    assert marked(found.messages[0].snippet) == "A table for [eleven]"
    assert not look(cast.bob, "seven")


def test_an_unsent_message_is_gone_from_the_index_too(cast):
    mid = cast.write(cast.amina, "My number is qwertzuiop")
    assert "qwertzuiop" in indexed()
    cast.simulator.unsend(cast.shop.external_id, cast.amina.external_id, mid)
    work_until_idle("ingest")
    assert not look(cast.bob, "qwertzuiop")
    assert "ertzuiop" not in indexed()


def test_who_was_forgotten_is_gone_from_the_index_too(cast):
    work_until_idle("fetch")
    cast.write(cast.amina, "My number is qwertzuiop")
    forgetting.ask(cast.shop.meta_app, cast.amina.external_id, at=now())
    work_until_idle("upkeep")
    assert not look(cast.bob, "qwertzuiop") and not look(cast.bob, "okafor")
    assert [word for word in ("ertzuiop", "afor", "gacheffe") if word in indexed()] == []
    assert said(cast.bob, "saturday") == ["Is the Saturday class full?"]


def test_what_was_taken_back_was_never_said(cast):
    Account.objects.update(reply_hold=60)
    message = cast.conversation(cast.amina).reply(Content(text="Too hasty"), by=cast.bob)
    assert [hit.state for hit in look(cast.bob, "hasty").messages] == ["queued"]
    outbox.cancel(message.dispatch, by=cast.bob)
    assert not look(cast.bob, "hasty")


def test_what_did_not_get_through_says_so(cast):
    message = cast.conversation(cast.amina).reply(Content(text="Too late"), by=cast.bob)
    Dispatch.objects.filter(message=message).update(state=Dispatch.State.FAILED)
    assert [hit.state for hit in look(cast.bob, "late").messages] == ["failed"]


def test_of_two_rows_that_become_one_one_is_found(cast):
    conversation = cast.conversation(cast.amina)
    message = conversation.reply(Content(text="Twice told"), by=cast.bob)
    twin = Message.objects.create(
        account=cast.shop, conversation=conversation, direction="out", source="elsewhere", mid="m_twin", at=now(), received_at=now(), text="Twice told"
    )
    note_messages([twin])
    assert len(look(cast.bob, "twice").messages) == 2
    record_sent(Conversation.objects.lock(conversation.pk), message.dispatch, mid="m_twin", at=now(), how="echo")
    assert [hit.message.pk for hit in look(cast.bob, "twice").messages] == [message.pk]
    assert SearchEntry.objects.filter(words__contains="twice").count() == 1


# Whatever is typed ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("question", ODD)
def test_whatever_is_typed_is_answered(cast, question):
    found = look(cast.bob, question)
    assert bool(found.terms) == bool(terms_of(question))
    render(cast.bob, found).encode()


def test_what_holds_no_word_finds_nothing_and_says_so(cast):
    for question in ('"', "👍", "***", "\0"):
        found = look(cast.bob, question)
        assert not found and not found.terms
        assert "There is no word in that." in render(cast.bob, found)


def test_many_accounts_can_be_asked_at_once(cast):
    assert find(terms_of("yirgacheffe"), [cast.shop.pk, *range(10_000, 11_000)]).messages
    assert not find(terms_of("yirgacheffe"), [int(f"{cast.shop.pk}0"), cast.studio.pk]).messages


# What is shown ----------------------------------------------------------------------------------------------------
def render(user: User, found) -> str:
    return render_to_string("inbox/_found.html", {"page": SimpleNamespace(found=found, open="", asked=Asked(q=found.asked)), "user": user})


def test_hits_are_marked_and_lead_to_their_message(cast):
    work_until_idle("fetch")
    cast.write(cast.amina, "<script>alert('crème')</script> & the crème brûlée")
    found = look(cast.bob, "creme bru")
    page = render(cast.bob, found)
    assert "&lt;script&gt;alert(&#x27;<mark>crème</mark>&#x27;)&lt;/script&gt; &amp; the <mark>crème</mark> <mark>brû</mark>lée" in page
    message = found.messages[0].message
    assert f'href="/conversations/{message.conversation.public_id}/?q=creme+bru&amp;at={message.public_id}"' in page
    assert "0 contacts, 1 message" in page
    assert '<mark>Amina</mark> Okafor' in render(cast.bob, look(cast.bob, "amina"))


def test_the_words_around_the_first_match_are_shown(cast):
    cast.write(cast.amina, f"{'Well, you know how it is. ' * 20}The teapot is broken. {'So it goes on and on. ' * 20}")
    words = "".join(piece.text for piece in look(cast.bob, "teapot").messages[0].snippet)
    assert words.startswith("… ") and words.endswith(" …")
    assert "The teapot is broken." in words
    assert len(words) <= found_view.SNIPPET + 4


def test_newest_come_first_a_page_at_a_time(cast):
    for number in range(5):
        cast.write(cast.amina, f"Scone {number}")
    first = look(cast.bob, "scone", size=2)
    assert [hit.message.text for hit in first.messages] == ["Scone 4", "Scone 3"]
    assert first.heading == "0 contacts, 2+ messages"
    assert f"before={first.next}" in render(cast.bob, first)
    second = look(cast.bob, "scone", before=first.next, size=2)
    assert [hit.message.text for hit in second.messages] == ["Scone 2", "Scone 1"]
    third = look(cast.bob, "scone", before=second.next, size=2)
    assert ([hit.message.text for hit in third.messages], third.next) == (["Scone 0"], "")


@pytest.mark.parametrize("gone", ["unsent", "taken back"])
def test_the_next_page_begins_where_the_last_one_ended_although_that_message_is_gone(cast, gone):
    for number in range(4):
        cast.write(cast.amina, f"Scone {number}")
    cast.conversation(cast.amina).reply(Content(text="Scone, ours"), by=cast.bob)
    first = look(cast.bob, "scone", size=1 if gone == "taken back" else 2)
    border = Message.objects.get(public_id=first.next)
    if gone == "unsent":
        Message.objects.filter(pk=border.pk).update(removed_at=now(), text="")
    else:
        outbox.cancel(border.dispatch, by=cast.bob)
    older = said(cast.bob, "scone", before=first.next, size=2)
    assert older == (["Scone 2", "Scone 1"] if gone == "unsent" else ["Scone 3", "Scone 2"])


def test_after_a_message_that_is_not_here_nothing_follows(cast):
    elsewhere = Message.objects.get(conversation__contact=cast.noor).public_id
    Grant.objects.filter(user=cast.bob, account=cast.studio).delete()
    for before in ("gone", elsewhere):
        found = look(cast.bob, "yirgacheffe", before=before)
        assert not found and found.next == ""


def test_where_too_much_matches_the_page_says_so(cast, monkeypatch):
    monkeypatch.setattr(searching, "MOST_MESSAGES", 2)
    for number in range(3):
        cast.write(cast.amina, f"Scone {number}")
    found = look(cast.bob, "scone")
    assert [hit.message.text for hit in found.messages] == ["Scone 2", "Scone 1"]
    assert found.is_capped
    assert "were looked at" in render(cast.bob, found)


def test_a_search_asks_few_questions_however_much_it_finds(cast, django_assert_max_num_queries):
    work_until_idle("fetch")
    for number in range(8):
        cast.write(cast.amina, f"Amina likes scone {number}")
    with django_assert_max_num_queries(4):  # one of them: on which accounts
        found = look(cast.bob, "amina")
    assert (len(found.contacts), len(found.messages)) == (1, 8)


@pytest.mark.parametrize("who", ["bob", "dana", "root"])
def test_the_page_of_a_search_costs_few_queries_whatever_the_data(cast, sign_in, django_assert_max_num_queries, who):
    work_until_idle("fetch")
    for number in range(40):
        cast.write(cast.amina, f"Amina likes scone {number}")
    Stop.place(by=cast.root, reason="Wrong prices", at=now(), account=cast.shop)
    Account.objects.update(state=Account.State.NEEDS_RECONNECT, state_reason="token")
    browser = sign_in(getattr(cast, who))
    with django_assert_max_num_queries(8):
        answer = browser.get("/conversations/?q=amina")
    found = answer.context["page"].found
    assert (len(found.contacts), len(found.messages)) == (1, 30) and "Wrong prices" in answer.text
    with django_assert_max_num_queries(8):
        browser.get(f"/conversations/?q=amina&before={found.next}")


# How it is done ---------------------------------------------------------------------------------------------------
def test_what_was_stored_before_can_be_searched_and_that_can_be_undone(cast):
    work_until_idle("fetch")
    mid = cast.write(cast.amina, "A table for seven")
    cast.simulator.edit(cast.shop.external_id, cast.amina.external_id, mid, "A table for eleven")
    work_until_idle("ingest")
    cast.conversation(cast.amina).reply(Content(link=Link(url="https://shop.example/menu", title="Our menu")), by=cast.bob)
    Attachment.objects.create(message=Message.objects.get(mid=mid), kind="file", title="Invoice.pdf")
    note_messages([Message.objects.get(mid=mid)])
    entries = set(SearchEntry.objects.values_list("message", "contact", "account", "words"))
    migration = importlib.import_module("inbox.migrations.0012_search_entries")
    migration.forget(apps, None)
    assert not SearchEntry.objects.exists() and not look(cast.bob, "eleven")
    migration.note(apps, None)
    migration.note(apps, None)
    assert set(SearchEntry.objects.values_list("message", "contact", "account", "words")) == entries
    assert said(cast.bob, "eleven") == ["A table for seven"]


def test_the_index_is_asked_and_nothing_is_walked_through(cast):
    with connection.cursor() as cursor:
        sql, parameters = searching._question(terms_of("scone 1042 กาแฟ"), [cast.shop.pk, cast.studio.pk])
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            plan = [row[3] for row in cursor.fetchall()]
            assert sum("VIRTUAL TABLE INDEX" in line for line in plan) == 2
            assert not [line for line in plan if line.startswith("SCAN") and line.split()[1] not in ("inbox_search", "found")], plan
        else:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}", parameters)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert plan.count("Bitmap Index Scan on inbox_search") == 2 and "Seq Scan" not in plan, plan


def test_every_database_finds_what_python_finds(cast):
    random.seed(6)
    conversation = cast.conversation(cast.amina)
    texts = [random.choice(["", " ", "·"]).join(random.choices(SPELLINGS, k=random.randint(1, 6))) for _each in range(150)]
    messages = Message.objects.bulk_create(
        Message(account=cast.shop, conversation=conversation, direction="in", source="contact", at=now(), received_at=now(), text=text) for text in texts
    )
    note_messages(messages)
    for _each in range(150):
        question = random.choice(["", " "]).join(random.choices(SPELLINGS, k=random.randint(1, 3)))
        terms = terms_of(question)
        expected = {message.pk for message in messages if terms and is_found(terms, words_of(message.text))}
        assert set(find(terms, [cast.shop.pk]).messages) & {message.pk for message in messages} == expected, question


# In the list ------------------------------------------------------------------------------------------------------
def test_the_list_shows_what_was_found(cast, sign_in):
    cast.write(cast.amina, "Do you have teapots?")
    page = sign_in(cast.bob).get("/conversations/", {"q": "teapot"}).content.decode()
    assert "Do you have <mark>teapot</mark>s?" in page
    assert "Do you have" not in sign_in(cast.charlie).get("/conversations/", {"q": "teapot"}).content.decode()
    elsewhere = sign_in(cast.bob).get("/conversations/", {"q": "teapot", "account": cast.studio.public_id}).content.decode()
    assert "Nothing found" in elsewhere and "Only what passes the filters." in elsewhere


def test_older_messages_follow_in_the_list(cast, sign_in):
    for number in range(found_view.MESSAGES + 2):
        cast.write(cast.amina, f"Scone {number}")
    browser = sign_in(cast.bob)
    first = browser.get("/conversations/", {"q": "scone"}, headers={"hx-request": "true"})
    before = first.context["page"].found.next
    older = browser.get("/conversations/", {"q": "scone", "before": before}, headers={"hx-request": "true"}).content.decode()
    assert older.count('class="row found-row"') == 2 and "<mark>Scone</mark> 1" in older


@pytest.mark.parametrize("question", ["'\"(*", "👍", "%00", "NEAR(", "x" * 5_000])
def test_the_list_answers_whatever_is_typed(cast, sign_in, question):
    assert sign_in(cast.bob).get("/conversations/", {"q": question}).status_code == 200
