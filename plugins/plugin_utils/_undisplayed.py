# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Run a module on a machine so that neither its input nor its output is ever displayed."""

from __future__ import annotations

import contextlib
import typing as t

if t.TYPE_CHECKING:
    from ansible.plugins.action import ActionBase


@contextlib.contextmanager
def undisplayed(action: ActionBase) -> t.Iterator[None]:
    """While it is open, the connection does not show what goes over it, at any verbosity.

    With C(-vvv) connections print the output of every command, results of modules included. The task itself keeps
    its messages: unlike C(no_log) on the task, an error stays readable.
    """
    contexts = [context for context in (action._play_context, action._connection._play_context) if context is not None]
    before = [context.no_log for context in contexts]
    for context in contexts:
        context.no_log = True
    try:
        yield
    finally:
        for context, no_log in zip(contexts, before):
            context.no_log = no_log
