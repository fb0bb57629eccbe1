"""The admin of who and what, one model a file. Rights come from grants, so Django's groups have no page."""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin.account import AccountAdmin
from accounts.admin.activity import ActivityAdmin
from accounts.admin.check import AccountCheckAdmin
from accounts.admin.connection_request import ConnectionRequestAdmin
from accounts.admin.grant import GrantAdmin
from accounts.admin.invitation import InvitationAdmin
from accounts.admin.mail import MailAdmin
from accounts.admin.meta_app import MetaAppAdmin
from accounts.admin.stop import StopAdmin
from accounts.admin.usage import AccountUsageAdmin
from accounts.admin.user import UserAdmin

if admin.site.is_registered(Group):
    admin.site.unregister(Group)

__all__ = [
    "AccountAdmin",
    "AccountCheckAdmin",
    "AccountUsageAdmin",
    "ActivityAdmin",
    "ConnectionRequestAdmin",
    "GrantAdmin",
    "InvitationAdmin",
    "MailAdmin",
    "MetaAppAdmin",
    "StopAdmin",
    "UserAdmin",
]
