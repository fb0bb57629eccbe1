"""Rows within rows, the same on both databases."""

from django.db.models import F, OuterRef

from accounts.models import Account, Grant
from core.json_rows import JSONRows


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
