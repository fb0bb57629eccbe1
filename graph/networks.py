"""Which of Meta's two networks a person writes on, and which login connected the account."""

from enum import StrEnum


class Network(StrEnum):
    """Where the contact is: Messenger for Pages, Direct for Instagram."""

    MESSENGER = "messenger"
    INSTAGRAM = "instagram"


class Login(StrEnum):
    """How the account was connected; it decides the host and the kind of token.

    Source: Meta, Instagram Platform overview, "Instagram API with Facebook Login" and "with Instagram Login".
    """

    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
