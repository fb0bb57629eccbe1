"""The admin in the product's own words."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class CountersignAdminSite(admin.AdminSite):
    """Where admins configure: the stock admin with our header, colours and sign-in."""

    site_header = site_title = "Countersign"
    index_title = _("Configuration")
