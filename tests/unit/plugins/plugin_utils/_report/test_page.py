# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import html.parser
import re

from ansible_collections.mothership.hcp.plugins.plugin_utils._report.page import page

from .run import report

_VOID = {"meta"}


class Balanced(html.parser.HTMLParser):
    """Fails on an element that is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Closed at once."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_is_one_whole_document_with_nothing_from_outside() -> None:
    shown = page(report())
    parser = Balanced()
    parser.feed(shown)
    assert parser.open == []
    assert "<svg" in shown
    assert re.search(r"<(script|link|img|iframe)|@import|url\(", shown) is None
    assert re.search(r"(src|href)=", shown) is None
    assert "prefers-color-scheme: dark" in shown


def test_everything_is_escaped() -> None:
    found = report()
    evil = "<script>alert(1)</script>"
    cluster = dataclasses.replace(found.clusters[0], name=evil, workers=(evil,), endpoint=evil, database=evil)
    mothership = dataclasses.replace(found.mothership, name=evil, control_plane=(evil,))
    change = dataclasses.replace(found.changes[0], target=evil)
    changed = dataclasses.replace(found, clusters=(cluster,), mothership=mothership, changes=(change,), failed=(evil,))
    assert "<script" not in page(changed)


def test_many_changes_are_cut() -> None:
    found = report()
    assert "and 800 more in report.json" in page(dataclasses.replace(found, changes=found.changes[:1] * 1000))


def test_nothing_at_all() -> None:
    empty = dataclasses.replace(
        report(), clusters=(), changes=(), phases=(), backup=None, databases=(), database_address=""
    )
    assert "Nothing was changed." in page(empty)
