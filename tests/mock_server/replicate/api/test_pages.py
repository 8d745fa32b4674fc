import base64
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.replicate.api.pages import cut_page
from mock_server.replicate.problems import Problem

PAGE_SIZE = 100


def cut(rows, cursor=None):
    return cut_page(rows, lambda moment: moment, cursor, PAGE_SIZE)


@given(st.sets(st.integers(1, 10**15), max_size=350))
def test_following_next_sees_every_row_once_and_previous_leads_back(micros):
    rows = [moment / 1_000_000 for moment in sorted(micros, reverse=True)]
    page, seen, pages = cut(rows), [], []
    while True:
        pages.append(page)
        seen += page.rows
        if page.next_cursor is None:
            break
        page = cut(rows, page.next_cursor)
    assert seen == rows
    for earlier, later in itertools.pairwise(pages):
        assert list(cut(rows, later.previous_cursor).rows) == list(earlier.rows)
    assert pages[0].previous_cursor is None


def test_a_cursor_holds_when_rows_arrive_on_top():
    rows = [float(number) for number in range(PAGE_SIZE * 2, 0, -1)]
    first = cut(rows)
    grown = [999.0, *rows]
    assert list(cut(grown, first.next_cursor).rows) == rows[PAGE_SIZE:]


def test_a_cursor_is_a_base64_query_with_a_position():
    rows = [float(number) for number in range(PAGE_SIZE + 1, 0, -1)]
    assert base64.b64decode(cut(rows).next_cursor).startswith(b"p=1970-01-01+00%3A00%3A02")


@pytest.mark.parametrize(
    "cursor", ["", "x", "ключ", base64.b64encode(b"p=soon").decode(), base64.b64encode(b"r=1").decode()]
)
def test_a_foreign_cursor_is_not_found(cursor):
    with pytest.raises(Problem) as error:
        cut([1.0], cursor)
    assert error.value.status == 404
