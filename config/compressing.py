"""Pages and fragments go over the wire compressed."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED = ("text/html", "application/json")


class CompressPages(GZipMiddleware):
    """Django's own compression, for what is text and whole. Files keep their bytes: they are compressed already, and players ask for parts of them.

    Lengths tell nothing of what is secret (BREACH): CSRF tokens are masked anew for each answer, Django adds random bytes, and tokens never
    stand on a page.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_text = response.get("Content-Type", "").startswith(COMPRESSED)
        return super().process_response(request, response) if is_text and not response.streaming else response
