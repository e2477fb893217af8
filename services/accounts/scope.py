"""Which rows a transaction sees: said once at its beginning, held by the database's row-level security.

The policies are those of migration 0019. A transaction without a scope sees nothing: its queries fail.
See docs/decisions/0018-rows-are-scoped-by-the-database.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from zerodistance.errors import NotFoundError
from zerodistance.store.database import Connection

ROLE = "zerodistance_api"


class Reach(StrEnum):
    """How far a caller sees within its tenant."""

    TENANT = "tenant"
    ENGINEER = "engineer"
    HOUSEHOLDS = "households"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows are seen.

    Attributes:
        tenant: the brand.
        reach: all of it, an engineer's region and tickets, or some households.
        engineer: with reach engineer: whose tickets are seen wherever they are.
        region: with reach engineer: the region that is seen.
        households: with reach households: which.
    """

    tenant: int
    reach: Reach = Reach.TENANT
    engineer: str = ""
    region: str = ""
    households: tuple[str, ...] = ()


def enter(conn: Connection, scope: Scope) -> None:
    """Bind the transaction that is open, or begins with this, to a scope; it ends with the transaction."""
    conn.execute(
        "SELECT set_config('role', %s, true), set_config('zd.tenant', %s, true),"
        " set_config('zd.reach', %s, true), set_config('zd.engineer', %s, true),"
        " set_config('zd.region', %s, true), set_config('zd.households', %s::text[]::text, true)",
        (ROLE, str(scope.tenant), scope.reach, scope.engineer, scope.region, list(scope.households)),
    )


def widen(conn: Connection) -> None:
    """Let the desk see the whole tenant, once it is clear that the caller may touch what it asks for."""
    conn.execute("SELECT set_config('zd.reach', %s, true)", (Reach.TENANT,))


# Parameters of paths that name a row: whoever does not see it may not change it, nor learn that it exists.
TARGETS: dict[str, str] = {
    "device_id": "SELECT FROM device WHERE id = %s",
    "ticket_id": "SELECT FROM ticket WHERE id = %s",
    "message_id": "SELECT FROM message WHERE id = %s",
    "campaign_id": "SELECT FROM campaign WHERE id = %s",
    "issue_id": "SELECT FROM product_issue WHERE id = %s",
    "account_id": "SELECT FROM private.account WHERE id = %s",
    "key_id": "SELECT FROM private.api_key WHERE id = %s",
}
# Parameters that need no look: what they name is of no tenant yet, is made by the request, or hangs on
# another parameter of the same path.
FREE = frozenset(
    {"token", "unclaimed_id", "engineer_id", "region", "credential_id", "webhook_id", "delivery_id"}
)


def find_target(conn: Connection, name: str, value: str) -> None:
    """Return if what a path names is within the scope.

    Raises:
        NotFoundError: it is not there, or not the caller's to know of.
    """
    if name in TARGETS and conn.execute(TARGETS[name], (value,)).fetchone() is None:
        what = name.removesuffix("_id").replace("key", "API key")
        raise NotFoundError(f"There is no {what} {value!r}.")
