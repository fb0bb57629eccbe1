"""Registers the project's own app and its AdminSite."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class CountersignAdminConfig(AdminConfig):
    """The stock admin with our site object, so that every `@admin.register` lands in it."""

    default_site = "config.admin_site.CountersignAdminSite"


class ConfigConfig(AppConfig):
    """The app that holds commands, checks and doors; it has no models."""

    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401  (registers the system checks)
