# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What kine itself counts: failed inserts, compactions, slow statements. Read from its metrics address."""

from __future__ import annotations

import re
import typing as t
import urllib.error
import urllib.request

_LINE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+\d+)?")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
#: kine says "slow" from one second on; this is the bucket below it.
_SLOW_BUCKET = 1.024


def fetch(url: str, timeout: float = 5.0) -> str:
    """The text at a metrics address.

    :raises OSError: nobody answers there, or not with 200.
    """
    if not url.startswith(("http://", "https://")):
        raise OSError("is no http or https URL")
    with urllib.request.build_opener().open(url, timeout=timeout) as answer:
        return str(answer.read(16 << 20).decode("utf-8", "replace"))


def samples(text: str) -> t.Iterator[tuple[str, dict[str, str], float]]:
    """Name, labels and value of every line in Prometheus' text format."""
    for line in text.splitlines():
        found = None if line.startswith("#") else _LINE.fullmatch(line.strip())
        if found is not None:
            yield found["name"], dict(_LABEL.findall(found["labels"] or "")), float(found["value"])


def summary(text: str) -> dict[str, t.Any]:
    """The numbers of one kine since it started."""
    result: dict[str, t.Any] = {"insert_retries": 0, "insert_errors": 0, "compactions": 0, "failed_compactions": 0}
    calls: dict[str, float] = {}
    quick: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for name, labels, value in samples(text):
        statement = labels.get("name", "")
        if name == "kine_insert_errors_total":
            result["insert_retries" if labels.get("retriable") == "true" else "insert_errors"] += int(value)
        elif name == "kine_compact_total":
            result["compactions" if labels.get("result") == "success" else "failed_compactions"] += int(value)
        elif name == "kine_sql_time_seconds_count":
            calls[statement] = calls.get(statement, 0) + value
        elif name == "kine_sql_time_seconds_sum":
            seconds[statement] = seconds.get(statement, 0) + value
        elif name == "kine_sql_time_seconds_bucket" and labels.get("le") == str(_SLOW_BUCKET):
            quick[statement] = quick.get(statement, 0) + value
    result["statements"] = [
        {
            "name": statement,
            "calls": int(count),
            "mean_ms": round(1000 * seconds.get(statement, 0.0) / count, 3),
            "slower_than_1s": int(count - quick.get(statement, count)),
        }
        for statement, count in sorted(calls.items())
        if count
    ]
    return result


def gather(addresses: str | t.Sequence[str], get: t.Callable[[str], str] = fetch) -> dict[str, t.Any]:
    """All kines of one database added up; ``problem`` says why a number is not there."""
    urls = [addresses] if isinstance(addresses, str) else addresses
    if not urls:
        return {"available": False, "problem": "no metrics address of kine was given (metrics_urls)"}
    problems, found = [], []
    for url in urls:
        try:
            found.append(summary(get(url)))
        except (OSError, ValueError) as error:
            problems.append(f"{url}: {getattr(error, 'reason', None) or error}")
    totals = {
        key: sum(one[key] for one in found)
        for key in ("insert_retries", "insert_errors", "compactions", "failed_compactions")
    }
    return {
        "available": bool(found),
        "problem": "; ".join(problems) or None,
        "kines": len(found),
        **(totals if found else {}),
        "statements": _added([one["statements"] for one in found]),
    }


def _added(lists: t.Sequence[t.Sequence[t.Mapping[str, t.Any]]]) -> list[dict[str, t.Any]]:
    names = sorted({entry["name"] for entries in lists for entry in entries})
    result = []
    for name in names:
        same = [entry for entries in lists for entry in entries if entry["name"] == name]
        calls = sum(entry["calls"] for entry in same)
        mean = sum(entry["mean_ms"] * entry["calls"] for entry in same) / calls
        slow = sum(entry["slower_than_1s"] for entry in same)
        result.append({"name": name, "calls": calls, "mean_ms": round(mean, 3), "slower_than_1s": slow})
    return result
