"""What can be searched, as the words that `inbox.searching` makes of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SearchEntry(models.Model):
    """One message or one contact in searchable words. Written in the transaction that writes what it is about, and gone with its words.

    Both databases index `words` by means of their own (migration 0010): SQLite by FTS5, PostgreSQL by GIN. The first word says where it is
    found, and nobody can type it.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", verbose_name=_("account"))
    message = models.OneToOneField("inbox.Message", models.CASCADE, null=True, blank=True, related_name="search_entry", verbose_name=_("message"))
    contact = models.OneToOneField("inbox.Contact", models.CASCADE, null=True, blank=True, related_name="search_entry", verbose_name=_("contact"))
    words = models.TextField(_("words"))

    class Meta:
        verbose_name = _("search entry")
        verbose_name_plural = _("search entries")
        constraints = (
            models.CheckConstraint(
                condition=Q(message=None, contact__isnull=False) | Q(message__isnull=False, contact=None), name="a_search_entry_is_about_one_thing"
            ),
        )

    def __str__(self) -> str:
        return self.words[:80]
