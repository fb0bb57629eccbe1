"""What a policy says about a call: pure, deterministic and explained. Rows are counted elsewhere (`agents.facts`)."""

from agents.policy.checking import Problem, check
from agents.policy.evaluating import evaluate, hides, limits_of
from agents.policy.language import Call, Count, Facts, Kind, Limit, Verdict
from agents.policy.shipped import SHIPPED
from agents.policy.words import in_words

__all__ = ["SHIPPED", "Call", "Count", "Facts", "Kind", "Limit", "Problem", "Verdict", "check", "evaluate", "hides", "in_words", "limits_of"]
