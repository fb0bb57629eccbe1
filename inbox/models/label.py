"""A word that people put on conversations."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField


class Label(models.Model):
    """A word that people put on conversations; the same ones on every account."""

    class Colour(models.TextChoices):
        PETROL = "petrol", _("petrol")
        VIOLET = "violet", _("violet")
        GREEN = "green", _("green")
        AMBER = "amber", _("amber")
        RED = "red", _("red")
        GREY = "grey", _("grey")

    public_id = PublicIdField()
    name = models.CharField(_("name"), max_length=40)
    colour = models.CharField(_("colour"), max_length=8, choices=Colour, default=Colour.GREY)

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        ordering = (Lower("name"), "pk")
        constraints = (models.UniqueConstraint(Lower("name"), name="one_label_per_name", violation_error_message=_("There is a label of this name already.")),)

    def __str__(self) -> str:
        return self.name
