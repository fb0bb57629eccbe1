"""What a kept event waits for, in words."""

from django.utils.translation import gettext as _

from inbox.models import KeptEvent


def what_it_waits_for(kept: KeptEvent) -> str:
    """From the mark that the ingestion wrote: its kind and the end of Meta's id."""
    _account, kind, meta_id = [*kept.waits_for.split(" ", 2), "", ""][:3]
    end = f"…{meta_id[-6:]}" if meta_id else ""
    if kind == "contact":
        return _("the first message of contact %s") % end
    return _("message %s") % end
