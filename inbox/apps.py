"""Conversations with people: contacts, messages, windows, webhooks, ingestion, replies, dispatch."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InboxConfig(AppConfig):
    name = "inbox"
    verbose_name = _("Inbox")
