"""Rows within rows, the same on both databases."""

from datetime import UTC, datetime

from django.db.models import F, OuterRef

from accounts.models import Account, Grant
from core.json_rows import JSONRows, ModelRows, columns, known
from inbox.models import Attachment, Conversation, MediaFile, Message

AT = datetime(2026, 3, 12, 9, 30, 0, 1, tzinfo=UTC)


def _with_grants(rows):
    grants = Grant.objects.filter(account=OuterRef("pk")).order_by("user__name", "right").annotate(who=F("user__name"))
    return rows.annotate(given=JSONRows(grants, "who", "right"))


def test_each_row_brings_its_own_rows_in_their_order(cast, django_assert_num_queries):
    with django_assert_num_queries(1):
        given = _with_grants(Account.objects.filter(pk=cast.shop.pk)).get().given
    assert [row["who"] for row in given] == sorted(row["who"] for row in given)
    assert {"who": "Bob", "right": "reply"} in given and {"who": "Alice", "right": "approve"} in given


def test_a_row_without_any_has_an_empty_list(cast):
    Grant.objects.all().delete()
    assert _with_grants(Account.objects.filter(pk=cast.shop.pk)).get().given == []


def test_words_with_quotes_percents_and_other_scripts_come_back_as_they_are(cast):
    cast.bob.name = "O'Neil \"100 %\" ☕ أمينة"
    cast.bob.save()
    assert cast.bob.name in [row["who"] for row in _with_grants(Account.objects.filter(pk=cast.shop.pk)).get().given]


# Instances ----------------------------------------------------------------------------------------------------------
def _message(cast, **fields) -> Message:
    conversation = Conversation.objects.get(contact=cast.amina)
    fields = {"direction": "in", "source": "contact", "at": AT, "received_at": AT} | fields
    return Message.objects.create(account=cast.shop, conversation=conversation, **fields)


def _with_attachments(rows):
    attached = Attachment.objects.filter(message=OuterRef("pk")).order_by("position")
    return rows.annotate(attached=ModelRows(attached, *columns(Attachment), *columns(MediaFile, via="media"), known_as="attachments"))


def test_instances_come_as_the_database_would_give_them(cast, django_assert_num_queries):
    message, media = _message(cast), MediaFile.objects.create(account=cast.shop, at=AT, name="a \"b\" 100 %.png", size=7)
    payload = {"nested": [1, None, "%s"], "أ": True}
    Attachment.objects.create(message=message, kind="image", media=media, payload=payload, position=1)
    Attachment.objects.create(message=message, kind="link", title="☕ 'quoted'", payload={})
    with django_assert_num_queries(1):
        [found] = known(_with_attachments(Message.objects.filter(pk=message.pk)))
        first, second = found.attachments.all()
        assert (first.kind, first.title, first.payload, first.media) == ("link", "☕ 'quoted'", {}, None)
        assert second.payload == payload and second.media.at == AT and (second.media.name, second.media.size) == (media.name, 7)
    for fetched, stored in ((first, first.pk), (second, second.pk)):
        whole = Attachment.objects.select_related("media").get(pk=stored)
        assert {name: getattr(fetched, name) for name in columns(Attachment)} == {name: getattr(whole, name) for name in columns(Attachment)}
    assert {name: getattr(second.media, name) for name in columns(MediaFile)} == {name: getattr(media, name) for name in columns(MediaFile)}


def test_what_comes_within_is_known_as_well(cast, django_assert_num_queries):
    message = _message(cast, mid="m1", text="first")
    answer = _message(cast, mid="m2", reply_to_mid="m1", direction="out", source="elsewhere")
    Attachment.objects.create(message=message, kind="audio")
    quoted = _with_attachments(Message.objects.filter(mid=OuterRef("reply_to_mid")))
    rows = _with_attachments(Message.objects.filter(pk=answer.pk)).annotate(quoted=ModelRows(quoted, *columns(Message), "attached"))
    with django_assert_num_queries(1):
        [found] = known(rows)
        assert found.attachments.all()._result_cache == [] and [each.kind for each in found.quoted[0].attachments.all()] == ["audio"]
        assert (found.quoted[0].text, found.quoted[0].at, found.quoted[0].about) == ("first", AT, {})


def test_what_was_not_fetched_is_fetched_when_somebody_asks(cast):
    message = _message(cast)
    Attachment.objects.create(message=message, kind="audio", title="Later")
    rows = Message.objects.filter(pk=message.pk).annotate(few=ModelRows(Attachment.objects.filter(message=OuterRef("pk")), "id", "kind"))
    [attachment] = rows.get().few
    assert attachment.get_deferred_fields() >= {"title", "url"} and attachment.title == "Later"
