"""Why deciding did nothing."""

from inbox.errors import Refused


class Conflict(Refused):
    """What was on the screen is not what is there now: show the card again, and keep what was typed."""

    code = "conflict"
