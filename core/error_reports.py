"""Django's reports of errors, without what people typed, what variables held, and every secret that this process knows."""

from collections.abc import ItemsView
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from core.redaction import MASK, conceal


class Masked:
    """What stands in a report in place of a variable: its kind, and how long it is."""

    def __init__(self, value: Any) -> None:
        length = f", {len(value)} long" if isinstance(value, str | bytes | list | tuple | dict | set) else ""
        self._words = f"<{type(value).__name__}{length}>"

    def __repr__(self) -> str:
        return self._words


class ReportFilter(SafeExceptionReporterFilter):
    """Hides values everywhere, also while DEBUG is on: a token is a token on a developer's screen too."""

    cleansed_substitute = MASK

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        return conceal(cleansed) if isinstance(cleansed, str) else cleansed

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        return dict.fromkeys(getattr(request, "COOKIES", {}), MASK)

    def get_post_parameters(self, request: HttpRequest | None) -> Any:
        return {} if request is None else masked(request.POST)

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> ItemsView[str, Any]:
        return {name: Masked(value) for name, value in tb_frame.f_locals.items()}.items()


class Report(ExceptionReporter):
    """The page of an error, and its text for logs. Line numbers and frames stay, values go."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data()
        if self.request is not None:
            data["request_GET_items"] = masked(self.request.GET).items()
        return data

    def get_traceback_html(self) -> SafeString:
        # What is escaped stays so: only dots are put in.
        return mark_safe(conceal(super().get_traceback_html()))  # noqa: S308

    def get_traceback_text(self) -> SafeString:
        return mark_safe(conceal(super().get_traceback_text()))  # noqa: S308


def masked(typed: QueryDict) -> dict[str, str]:
    """The names of what was sent, without the values."""
    return dict.fromkeys(typed, MASK)
