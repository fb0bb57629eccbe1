"""The models of who and what, one noun a file."""

from accounts.models.account import Account
from accounts.models.activity import Activity
from accounts.models.grant import Grant, Right
from accounts.models.meta_app import MetaApp
from accounts.models.stop import Stop
from accounts.models.usage import AccountUsage
from accounts.models.user import User

__all__ = ["Account", "AccountUsage", "Activity", "Grant", "MetaApp", "Right", "Stop", "User"]
