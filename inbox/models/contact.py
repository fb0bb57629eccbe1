"""A person as one account knows them."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField
from inbox.models.person import Person

# Meta's clock and ours differ by no more than this.
CLOCKS_DIFFER = timedelta(minutes=1)


class Contact(models.Model):
    """A person as one account knows them: a PSID on a Page, an IGSID on Instagram."""

    public_id = PublicIdField()
    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="contacts", verbose_name=_("account"))
    external_id = models.TextField(_("id at Meta"))
    name = models.CharField(_("name"), max_length=200, blank=True)
    username = models.CharField(_("username"), max_length=80, blank=True)
    profile_fetched_at = models.DateTimeField(_("profile fetched"), null=True, blank=True)
    profile_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    first_seen_at = models.DateTimeField(_("first seen"))
    # Meta would not hand on a message to them, and they have done nothing since.
    unavailable_since = models.DateTimeField(_("cannot be reached since"), null=True, blank=True, editable=False)
    # They were erased here: whatever was said until then is not read back from Meta.
    forgotten_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)
    # Whom else they write as: `inbox/linking.py`. Locked conversations of all contacts of a person change it.
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="contacts", verbose_name=_("person"), editable=False)
    # The public id of the person with whom they came into this one, so that bringing two together can be undone.
    came_with = models.CharField(max_length=16, blank=True, default="", editable=False)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = (models.UniqueConstraint(fields=("account", "external_id"), name="one_contact_per_account_and_id"),)

    def __str__(self) -> str:
        return self.name or (f"@{self.username}" if self.username else str(_("Somebody (…%s)") % self.external_id[-4:]))

    def be_reached(self, *, at: datetime) -> None:
        """They did something then, or a message reached them: an earlier word of Meta's that they cannot be reached holds no longer."""
        if self.unavailable_since and self.unavailable_since < at + CLOCKS_DIFFER:
            self.unavailable_since = None
            Contact.objects.filter(pk=self.pk, unavailable_since__lt=at + CLOCKS_DIFFER).update(unavailable_since=None)

    @property
    def initial(self) -> str:
        """The letter that stands in for a picture."""
        return (self.name or self.username or "?")[0].upper()
