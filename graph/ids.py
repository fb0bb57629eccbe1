"""Which texts can be ids at Meta. Ids become parts of addresses, so one that is none could reach something else than it names."""

import re

_LONGEST = 1000
_NUMBER = re.compile(r"[0-9]{1,40}")
# Instagram's ids of messages and conversations are long base64. One without a digit could be the name of an endpoint.
_BASE64 = r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[0-9A-Za-z_-]+={0,2}"
_MESSAGE = re.compile(rf"m_[0-9A-Za-z_-]+={{0,2}}|mid\.[0-9A-Za-z$:._-]+|(?!t_){_BASE64}")
_CONVERSATION = re.compile(rf"t_[0-9A-Za-z_.:-]+={{0,2}}|(?!m_){_BASE64}")


def checked_node(value: str) -> str:
    """The id of a Page or an Instagram account, or `me`, whoever the token belongs to. Raises ValueError."""
    return value if value == "me" else checked_number(value)


def checked_number(value: str) -> str:
    """The id of an account, a contact or an app: digits. Raises ValueError."""
    return _checked(_NUMBER, value)


def checked_message(value: str) -> str:
    """The id of a message, in any form of either network and of either age. Raises ValueError."""
    return _checked(_MESSAGE, value)


def checked_conversation(value: str) -> str:
    """The id of a conversation. Raises ValueError."""
    return _checked(_CONVERSATION, value)


def _checked(form: re.Pattern[str], value: str) -> str:
    if len(value) > _LONGEST or not form.fullmatch(value):
        raise ValueError("This cannot be an id at Meta.")
    return value
