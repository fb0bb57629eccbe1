"""One thing to look at, and how bad it is."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

TONES = ("bad", "care", "calm")


def about(whose: object, name: str, says: str) -> str:
    """What a line of a checklist says, where it stands among other things: whose it is, and of what it speaks where that is not in the sentence."""
    nouns = {"token": _("access token"), "scopes": _("permissions"), "data_access": _("access to data")}
    if name not in nouns:
        return _("%(whose)s: %(says)s") % {"whose": whose, "says": says}
    return _("%(whose)s, %(what)s: %(says)s") % {"whose": whose, "what": nouns[name], "says": says}


@dataclass(frozen=True)
class Line:
    """One thing to look at.

    Args:
        sentence: what is so.
        address: where it can be mended, or seen.
        tone: bad, care, or calm for what only wants to be known.
    """

    sentence: str
    address: str
    tone: str = "care"

    @property
    def rank(self) -> int:
        """Worst first."""
        return TONES.index(self.tone)
