# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Revisions become visible in their order: one insert at a time in each database of kine.

kine takes ids, which are Kubernetes' revisions, from a sequence. PostgreSQL hands them out before the commit, so that
two writers may commit them the other way round. A kine that makes its first list in between takes the higher id as its
revision, starts its watch there, and never hears of the lower one: an API server then lacks an acknowledged object
until it is restarted. In the first start of a hosted cluster that may be an APIService for which the other replica
waits: its ``/livez`` answers 500 (``autoregister-completion``) until it is restarted (seen with kine 0.16.4).

A trigger for each statement runs before the default of ``id`` is evaluated, and a lock of the transaction is freed
after the commit is visible: between the two, nobody else takes an id. The price is one commit at a time in each
database.
"""

from __future__ import annotations

TRIGGER = "mothership_commit_order"
#: Its own schema, of the superuser: the owner of a database may drop what is in ``public``.
_SCHEMA = "mothership_order"
#: Advisory locks are of one database. Any number that nobody else uses.
_LOCK = 7_042_025_112

ORDERED = f"EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = '{TRIGGER}' AND tgenabled = 'O')"
"""SQL condition: the table ``c`` (of ``pg_class``) has the trigger."""

STATEMENTS = (
    f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}",
    f"CREATE OR REPLACE FUNCTION {_SCHEMA}.one_at_a_time() RETURNS trigger LANGUAGE plpgsql AS "
    f"'BEGIN PERFORM pg_advisory_xact_lock({_LOCK}); RETURN NULL; END'",
    f"DROP TRIGGER IF EXISTS {TRIGGER} ON public.kine",
    f"CREATE TRIGGER {TRIGGER} BEFORE INSERT ON public.kine FOR EACH STATEMENT "
    f"EXECUTE FUNCTION {_SCHEMA}.one_at_a_time()",
)
"""SQL that makes it, inside the database. ``DROP`` and ``CREATE`` wait for open inserts, for milliseconds."""
