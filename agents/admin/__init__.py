"""The admin of software under supervision, one noun a file."""

from agents.admin.agent import AgentAdmin
from agents.admin.call import ToolCallAdmin
from agents.admin.decision import DecisionAdmin, VoteAdmin
from agents.admin.key import AgentKeyAdmin
from agents.admin.policy import PolicyAdmin, PolicyVersionAdmin
from agents.admin.proposal import ProposalAdmin, ProposalPartAdmin

__all__ = [
    "AgentAdmin",
    "AgentKeyAdmin",
    "DecisionAdmin",
    "PolicyAdmin",
    "PolicyVersionAdmin",
    "ProposalAdmin",
    "ProposalPartAdmin",
    "ToolCallAdmin",
    "VoteAdmin",
]
