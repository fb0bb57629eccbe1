"""A way of looking at the list that somebody wants to find again, alone or together with colleagues."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Activity, Grant, Right, User
from core.fields import PublicIdField


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Saved views, by who sees them and who may change them."""

    def visible_to(self, user: User) -> Self:
        """One's own, and those that colleagues share."""
        return self.filter(Q(user=user) | self._shared_with(user))

    def changeable_by(self, user: User) -> Self:
        """One's own; a superuser may change everybody's, though none that is not shared is shown to them."""
        return self if user.is_superuser else self.filter(user=user)

    @staticmethod
    def _shared_with(user: User) -> Q:
        """Of somebody who is let in and reads an account that this person reads. A superuser reads every account, and sees all."""
        if user.is_superuser:
            return Q(shared_at__isnull=False)
        readable = Account.objects.visible_to(user)
        beside = Grant.objects.giving(Right.READ).filter(account__in=readable).values("user")
        return Q(Q(user__in=beside) | Q(Exists(readable), user__is_superuser=True), shared_at__isnull=False, user__is_active=True)


class SavedView(models.Model):
    """The lane, filters, words and order of the list, under a name. What it lists is always what its reader may see."""

    public_id = PublicIdField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("whose"))
    name = models.CharField(_("name"), max_length=60)
    # The query of the list's address, as `inbox.views.asked` writes it.
    query = models.CharField(_("query"), max_length=500, blank=True)
    # Since when colleagues see it too; None is for its owner alone.
    shared_at = models.DateTimeField(_("shared"), null=True, blank=True)
    created_at = models.DateTimeField(_("saved"), auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "name"), name="one_saved_view_per_name", violation_error_message=_("You have a view of this name already.")
            ),
        )
        indexes = (models.Index(fields=("user",), condition=models.Q(shared_at__isnull=False), name="saved_views_shared"),)

    def __str__(self) -> str:
        return self.name

    def share(self, *, by: User, at: datetime) -> bool:
        """Let colleagues see it. False where they do already."""
        return self._move("savedview.shared", SavedView.objects.filter(pk=self.pk, shared_at=None), by=by, at=at, shared_at=at)

    def unshare(self, *, by: User, at: datetime) -> bool:
        """Keep it for its owner alone. False where it is."""
        shared = SavedView.objects.filter(pk=self.pk, shared_at__isnull=False)
        return self._move("savedview.unshared", shared, by=by, at=at, shared_at=None)

    def _move(self, verb: str, rows: models.QuerySet["SavedView"], *, by: User, at: datetime, shared_at: datetime | None) -> bool:
        with transaction.atomic():
            moved = bool(rows.update(shared_at=shared_at))
            if moved:
                self.shared_at = shared_at
                Activity.record(verb, self, by=by, at=at)
        return moved
