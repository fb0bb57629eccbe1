"""What Meta tells of its allowances, in every spelling."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.usage import Usage, UsageLine


def business(**uses: list[dict[str, object]]) -> dict[str, str]:
    return {"X-Business-Use-Case-Usage": json.dumps(uses)}


@pytest.mark.parametrize(
    ("headers", "lines"),
    [
        ({}, []),
        ({"X-App-Usage": '{"call_count":28,"total_time":25,"total_cputime":24}'}, [UsageLine("", "app", 28, 24, 25, 0)]),
        ({"x-app-usage": '{"call_volume":3,"cpu_time":2}'}, [UsageLine("", "app", 3, 2, 0, 0)]),
        ({"X-PAGE-USAGE": '{"call_count":"7"}'}, [UsageLine("", "page", 7, 0, 0, 0)]),
        ({"x-app-usage": '{"call_count":99.2,"cpu_time":1e1}'}, [UsageLine("", "app", 100, 10, 0, 0)]),
        (
            business(a=[{"type": "messenger", "call_count": 12, "total_cputime": 3, "total_time": 5, "estimated_time_to_regain_access": 9}]),
            [UsageLine("a", "messenger", 12, 3, 5, 9)],
        ),
        (
            business(a=[{"type": "pages"}, {"type": "instagram"}], b=[{"type": 7}]),
            [UsageLine("a", "pages", 0, 0, 0, 0), UsageLine("a", "instagram", 0, 0, 0, 0), UsageLine("b", "", 0, 0, 0, 0)],
        ),
        ({"x-app-usage": "{}"}, []),
        ({"x-app-usage": "[7]"}, []),
        ({"x-app-usage": "<html>"}, []),
        ({"x-app-usage": '{"call_count":null}'}, [UsageLine("", "app", 0, 0, 0, 0)]),
        ({"x-business-use-case-usage": '{"a":{"type":"pages"},"b":[7,null,{}]}'}, []),
    ],
)
def test_every_allowance_is_a_line(headers: dict[str, str], lines: list[UsageLine]) -> None:
    assert list(Usage.read(headers)) == lines


@settings(max_examples=200, deadline=None, database=None)
@given(st.text(max_size=50) | st.recursive(st.none() | st.floats() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_no_header_breaks_the_reading(header: str) -> None:
    Usage.read({"x-app-usage": header, "x-page-usage": header, "x-business-use-case-usage": header})
