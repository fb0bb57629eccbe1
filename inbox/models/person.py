"""Somebody who writes from several places."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField


class Person(models.Model):
    """One human being behind two contacts or more, as people of ours have linked them; with fewer there is none. See `inbox/linking.py`.

    A person has nothing of their own, not even a name: whatever is shown is the contacts', each to those who may read its account.
    """

    public_id = PublicIdField()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")

    def __str__(self) -> str:
        return self.public_id
