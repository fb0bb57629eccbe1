"""Whoever acts: a person, or an agent."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField


class UserManager(BaseUserManager["User"]):
    """Makes people and agents; looks people up by e-mail, whatever its case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True} | fields)

    def create_agent(self, name: str) -> "User":
        """The user behind an agent: it has no mailbox and no password, and cannot sign in."""
        from core.fields import new_public_id

        return self.create_user(f"{new_public_id()}@agents.invalid", None, name=name, is_agent=True)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Whoever acts. Agents are users so that every row can say who did it; they cannot sign in."""

    public_id = PublicIdField()
    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    notices = models.BooleanField(_("notices of news"), default=False)
    sound = models.BooleanField(_("a sound with news"), default=False)
    is_agent = models.BooleanField(_("is an agent"), default=False, editable=False)
    is_staff = models.BooleanField(_("may open the configuration"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = (
            models.UniqueConstraint(Lower("email"), name="one_user_per_email", violation_error_message=_("Somebody already uses this e-mail.")),
            models.CheckConstraint(
                condition=models.Q(is_agent=False) | models.Q(is_staff=False, is_superuser=False),
                name="an_agent_is_never_staff",
            ),
        )

    def __str__(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email.split("@")[0]
