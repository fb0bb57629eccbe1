"""The admin of who and what, one model a file. Rights come from grants, so Django's groups have no page."""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin.account import AccountAdmin
from accounts.admin.activity import ActivityAdmin
from accounts.admin.grant import GrantAdmin
from accounts.admin.meta_app import MetaAppAdmin
from accounts.admin.stop import StopAdmin
from accounts.admin.usage import AccountUsageAdmin
from accounts.admin.user import UserAdmin

if admin.site.is_registered(Group):
    admin.site.unregister(Group)

__all__ = ["AccountAdmin", "AccountUsageAdmin", "ActivityAdmin", "GrantAdmin", "MetaAppAdmin", "StopAdmin", "UserAdmin"]
