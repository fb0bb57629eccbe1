"""Lines of a checklist where they stand by themselves, away from their labels."""

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.checklist import Line


def alone(line: Line) -> str:
    """What the line says, with of what it speaks where that is not in the sentence."""
    noun = _noun(line.name)
    return _("%(what)s: %(says)s") % {"what": capfirst(noun), "says": line.says} if noun else line.says


def about(whose: object, line: Line) -> str:
    """The same where it is said whose it is."""
    noun = _noun(line.name)
    if not noun:
        return _("%(whose)s: %(says)s") % {"whose": whose, "says": line.says}
    return _("%(whose)s, %(what)s: %(says)s") % {"whose": whose, "what": noun, "says": line.says}


def _noun(name: str) -> str:
    return {"token": _("access token"), "scopes": _("permissions"), "data_access": _("access to data")}.get(name, "")
