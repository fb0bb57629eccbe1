"""The models of who and what, one noun a file."""

from accounts.models.account import Account
from accounts.models.activity import Activity
from accounts.models.check import AccountCheck
from accounts.models.connection_request import ConnectionRequest
from accounts.models.grant import Grant, Right
from accounts.models.invitation import Invitation, InvitedGrant
from accounts.models.mail import Mail
from accounts.models.meta_app import MetaApp
from accounts.models.pace import AccountPace
from accounts.models.stop import Stop
from accounts.models.usage import AccountUsage
from accounts.models.user import User

__all__ = [
    "Account",
    "AccountCheck",
    "AccountPace",
    "AccountUsage",
    "Activity",
    "ConnectionRequest",
    "Grant",
    "Invitation",
    "InvitedGrant",
    "Mail",
    "MetaApp",
    "Right",
    "Stop",
    "User",
]
