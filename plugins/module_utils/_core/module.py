# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The frame every module's ``main`` uses: run, convert errors once, redact by value."""

from __future__ import annotations

import typing as t

from .errors import HcpError
from .redact import redact_values

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run_module(
    module: AnsibleModule,
    work: t.Callable[[], t.Mapping[str, t.Any]],
    *,
    secrets: t.Callable[[], t.Iterable[str]] = tuple,
) -> t.NoReturn:
    """Call ``work`` and end the module with its result, or with the error it raised.

    :param work: does everything and returns the result mapping (see :meth:`Plan.result`).
    :param secrets: asked after ``work``, also after a failure: values that must not be shown.
    """
    try:
        result = dict(work())
    except HcpError as error:
        shown = redact_values({"msg": str(error), **error.details}, secrets())
        module.fail_json(**shown)
    module.exit_json(**redact_values(result, secrets()))
    raise AssertionError("exit_json returned")  # for the type checker: AnsibleModule ends the process
