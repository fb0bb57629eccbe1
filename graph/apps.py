"""The apps of Meta's own in which people answer, by the ids that echoes and thread control name.

Source: Meta, Messenger Platform, "Conversation routing" (the inbox apps). One page prints the Page inbox with a digit less.
"""

PAGE_INBOX, INSTAGRAM_INBOX = "Meta Business Suite", "Instagram"
_NAMES = {"263902037430900": PAGE_INBOX, "26390203743090": PAGE_INBOX, "1217981644879628": INSTAGRAM_INBOX}


def app_name(app_id: str) -> str:
    """What people call the app; empty for one that is not Meta's own."""
    return _NAMES.get(app_id, "")
