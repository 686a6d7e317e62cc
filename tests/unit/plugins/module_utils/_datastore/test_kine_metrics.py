# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kine's metrics."""

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.module_utils._datastore import kine_metrics

TEXT = """\
# HELP kine_insert_errors_total Total number of insert retries due to unique constraint violations
# TYPE kine_insert_errors_total counter
kine_insert_errors_total{retriable="false"} 2
kine_insert_errors_total{retriable="true"} 7
kine_compact_total{result="success"} 3
kine_sql_time_seconds_bucket{error_code="",name="Insert",le="1.024"} 97
kine_sql_time_seconds_bucket{error_code="",name="Insert",le="+Inf"} 100
kine_sql_time_seconds_sum{error_code="",name="Insert"} 12.5
kine_sql_time_seconds_count{error_code="",name="Insert"} 100
go_sql_idle_connections{db_name="kine"} 4
"""


def test_the_numbers_of_all_kines_are_added() -> None:
    found = kine_metrics.gather(["http://a/metrics", "http://b/metrics"], lambda url: TEXT)
    assert (found["available"], found["kines"], found["problem"]) == (True, 2, None)
    assert (found["insert_retries"], found["insert_errors"], found["compactions"]) == (14, 4, 6)
    assert found["statements"] == [{"name": "Insert", "calls": 200, "mean_ms": 125.0, "slower_than_1s": 6}]


def test_one_that_does_not_answer_is_named() -> None:
    def get(url: str) -> str:
        if "b" in url:
            raise OSError("Connection refused")
        return TEXT

    found = kine_metrics.gather(["http://a/metrics", "http://b/metrics"], get)
    assert (found["available"], found["insert_retries"]) == (True, 7)
    assert found["problem"] == "http://b/metrics: Connection refused"


def test_without_address_the_reason_is_said() -> None:
    assert kine_metrics.gather([])["available"] is False
    assert "metrics_urls" in kine_metrics.gather([])["problem"]


def test_no_answer_at_all() -> None:
    assert kine_metrics.gather("file:///etc/passwd") == {
        "available": False,
        "problem": "file:///etc/passwd: is no http or https URL",
        "kines": 0,
        "statements": [],
    }
