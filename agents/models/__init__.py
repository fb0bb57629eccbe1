"""The models of software under supervision, one noun a file."""

from agents.models.agent import Agent, AgentKey, NotInUse
from agents.models.call import ToolCall
from agents.models.decision import Decision, Vote
from agents.models.policy import Policy, PolicyVersion
from agents.models.proposal import Proposal, ProposalPart

__all__ = ["Agent", "AgentKey", "Decision", "NotInUse", "Policy", "PolicyVersion", "Proposal", "ProposalPart", "ToolCall", "Vote"]
