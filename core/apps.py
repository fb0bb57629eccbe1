"""Plumbing that every app may use; it has no models."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
