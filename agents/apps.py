"""Software under supervision: agents, policy, proposals, decisions, the MCP server, the review queue."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AgentsConfig(AppConfig):
    name = "agents"
    verbose_name = _("Agents")
