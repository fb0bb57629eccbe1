"""Addresses of what agents propose and people decide."""

from django.urls import path

from agents.views import decided, decision, proposal, queue

app_name = "agents"
urlpatterns = [
    path("approvals/", queue.queue, name="queue"),
    path("approvals/decided/", decided.decided, name="decided"),
    path("proposals/<public_id>/", proposal.proposal, name="proposal"),
    path("proposals/<public_id>/decision/", decision.decision, name="decision"),
    path("proposals/<public_id>/takeover/", decision.takeover, name="takeover"),
]
