"""Whether this process is well, for proxies and for whoever starts it: it answers, and the database answers it."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache


@login_not_required
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        connection.close()
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
    return HttpResponse("OK\n", content_type="text/plain")
