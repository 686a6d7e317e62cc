# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a Kubernetes API server answers when it refuses."""

from __future__ import annotations

import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError

#: Texts of answers that an API server gives only while it is starting.
_STARTING_TEXTS = (
    "not yet ready to handle request",
    "the server could not find the requested resource",
    "404 page not found",
    "apiserver not ready",
    "no subjects found",
)


class ApiError(HcpError):
    """An answer other than 2xx.

    :param status: the HTTP status code.
    :param reason: Kubernetes' word for it: ``NotFound``, ``Conflict``, ``Invalid``, ...
    :param message: the server's explanation.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        where: str | None = None,
        remedy: str | None = None,
        details: t.Mapping[str, t.Any] | None = None,
    ) -> None:
        super().__init__(message, where=where, remedy=remedy, details=details)
        self.status = status
        self.reason = reason

    def about(self, where: str, remedy: str | None = None) -> ApiError:
        """The same error, saying which object it is about."""
        return ApiError(
            self.status, self.reason, self.message, where=where, remedy=remedy or self.remedy, details=self.details
        )

    @property
    def is_not_found(self) -> bool:
        return self.status == 404

    @property
    def is_conflict(self) -> bool:
        return self.status == 409

    @property
    def is_overloaded(self) -> bool:
        """The server, or its database, could not serve the request now: the same request may succeed later."""
        return self.status in (429, 500, 502, 503, 504)

    @property
    def is_starting(self) -> bool:
        """The answer is one that a server gives while its parts are still starting."""
        return self.status in (403, 404) and any(text in self.message for text in _STARTING_TEXTS)


def error_from_answer(status: int, body: t.Any, *, method: str, path: str) -> ApiError:
    """An :class:`ApiError` from an answer's decoded body: a ``Status`` object, or text."""
    if isinstance(body, dict):
        message = str(body.get("message") or body.get("text") or "").strip()
        reason = str(body.get("reason") or "")
    else:
        message, reason = str(body).strip(), ""
    message = message or f"the API server answered {status}"
    remedy = None
    if status == 401:
        remedy = "use a kubeconfig whose credentials the API server accepts; they may have expired"
    return ApiError(status, reason or str(status), f"{message} ({method} {path}: {status})", remedy=remedy)
