"""What concerns the whole installation, which superusers look after."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.attention.line import Line
from inbox.incoming import DAY
from inbox.models import RefusedDelivery, WebhookDelivery


def installation(at: datetime) -> Iterator[Line]:
    number = WebhookDelivery.objects.filter(state=WebhookDelivery.State.FAILED).count()
    if number:
        sentence = ngettext("%d webhook delivery could not be applied.", "%d webhook deliveries could not be applied.", number) % number
        yield Line(sentence, reverse("admin:ingestion") + "#failed", "bad")
    yield from _refusals(at)


def _refusals(at: datetime) -> Iterator[Line]:
    """What looks like Meta and was turned away all the same, in the last day."""
    told = {
        RefusedDelivery.Reason.NOT_JSON: (_("Meta signed something today that nobody can read."), "bad"),
        RefusedDelivery.Reason.MIS_SIGNED: (_("Deliveries with a wrong signature were turned away today. Is the app secret right?"), "care"),
    }
    seen = set(RefusedDelivery.objects.filter(hour__gte=at - DAY, reason__in=told).values_list("reason", flat=True))
    for reason, (sentence, tone) in told.items():
        if reason in seen:
            yield Line(sentence, reverse("admin:ingestion") + "#refused", tone)
