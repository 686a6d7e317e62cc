# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what apt prints."""

from __future__ import annotations

from lab.bundle.debian import Package, installed_status, parse_uris, required_packages, sources_lines


def test_print_uris_names_packages_with_their_epoch() -> None:
    output = (
        "'http://mirror.example/a.deb' conntrack_1%3a1.4.7-1+b2_amd64.deb 35240 SHA256:aa\n"
        "'http://mirror.example/b.deb' netbase_6.4_all.deb 12800 SHA256:bb\n"
    )
    assert parse_uris(output) == {Package("conntrack", "1:1.4.7-1+b2"), Package("netbase", "6.4")}


def test_required_packages_are_found_in_an_index_dump() -> None:
    rows = [("bash", "required"), ("nano", "standard"), ("tar", "required")]
    dump = "\n\n".join(f"Package: {name}\nPriority: {priority}\nSize: 1" for name, priority in rows)
    assert required_packages(dump) == ["bash", "tar"]


def test_records_become_installed_packages() -> None:
    status = installed_status("Package: bash\nVersion: 5\n\nPackage: tar\nVersion: 1\n\n")
    assert status.split("\n\n")[0] == "Package: bash\nVersion: 5\nStatus: install ok installed"
    assert status.count("Status:") == 2


def test_sources_follow_the_hosts_main_archives_only() -> None:
    listing = (
        "http://mirror.example/debian/ bookworm main\n"
        "http://mirror.example/debian/ bookworm contrib\n"
        "http://mirror.example/debian/ bookworm-updates main\n"
        "http://mirror.example/debian/ trixie main\n"
    )
    assert sources_lines(listing, "bookworm") == {
        "release": ["deb http://mirror.example/debian/ bookworm main"],
        "everything": [
            "deb http://mirror.example/debian/ bookworm main",
            "deb http://mirror.example/debian/ bookworm-updates main",
        ],
    }
