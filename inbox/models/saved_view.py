"""A way of looking at the list that somebody wants to find again."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField


class SavedView(models.Model):
    """The lane, filters, words and order of the list, under a name."""

    public_id = PublicIdField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("whose"))
    name = models.CharField(_("name"), max_length=60)
    # The query of the list's address, as `inbox.views.asked` writes it.
    query = models.CharField(_("query"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("saved"), auto_now_add=True)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "name"), name="one_saved_view_per_name", violation_error_message=_("You have a view of this name already.")
            ),
        )

    def __str__(self) -> str:
        return self.name
