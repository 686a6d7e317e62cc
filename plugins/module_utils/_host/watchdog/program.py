# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""``main`` of the program: reads its configuration, runs until it is told to stop."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import typing as t

from .decision import Limits
from .https import Server, context_for
from .loop import Settings, Watchdog
from .mothership import Mothership
from .notify import notify
from .page import Figures, serve


def main(arguments: list[str]) -> int:
    """``arguments``: the path of the configuration. The token is in the file ``token`` beside it."""
    path = arguments[0]
    with open(path, encoding="utf-8") as file:
        config: dict[str, t.Any] = json.load(file)
    with open(os.path.join(os.path.dirname(path), "token"), encoding="ascii") as file:
        token = file.read().strip()
    stopping, figures = threading.Event(), Figures()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_ignored: stopping.set())
    mothership = Mothership(_server(config, token), config["identity"], config["namespace"])
    page = serve(figures, config["metrics_port"]) if config["metrics_port"] >= 0 else None
    limits = Limits(**config.get("limits", {}))
    settings = Settings(
        interval=config["interval"],
        server_name=config["server_name"],
        act=config["act"],
        limits=limits,
    )
    say(f"start identity={config['identity']} server={config['address']}:{config['port']} act={config['act']}")
    notify("READY=1")
    Watchdog(mothership, settings, figures, say).run(stopping)
    if page is not None:
        page.shutdown()
    say("stop")
    return 0


def say(line: str) -> None:
    """A line for the journal."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _server(config: t.Mapping[str, t.Any], token: str) -> Server:
    context = context_for(config["ca_certificate"])
    return Server(config["address"], config["port"], config["server_name"], context, token)
