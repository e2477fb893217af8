"""Roles, and what each of them may do: the one table that the API, the command line and the tests read.

A permission says what may be done; which rows it may be done to is the reach, see
:mod:`services.accounts.scope`.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from services.tickets.lifecycle import Role as Capacity


class AccountRole(StrEnum):
    """What somebody is to the service organisation. An account may have several of the staff's."""

    OWNER = "owner"
    ENGINEER = "engineer"
    DISPATCHER = "dispatcher"
    OPERATOR = "operator"
    PRODUCT = "product"
    PARTNER = "partner"
    ADMIN = "admin"
    MACHINE = "machine"
    """The holder of ``ZD_STAFF_TOKEN``: the platform's own programs; never an account."""


class Permission(StrEnum):
    """What a route of the API declares; ``resource:verb``."""

    OVERVIEW_READ = "overview:read"
    FIGURES_READ = "figures:read"
    INSIGHTS_READ = "insights:read"
    CHANGES_READ = "changes:read"
    TICKETS_READ = "tickets:read"
    TICKETS_WRITE = "tickets:write"
    CAMPAIGNS_READ = "campaigns:read"
    CAMPAIGNS_WRITE = "campaigns:write"
    ISSUES_READ = "issues:read"
    """Product issues: causes that recur across a model, counted."""
    ISSUES_WRITE = "issues:write"
    PLAN_READ = "plan:read"
    ENGINEERS_READ = "engineers:read"
    ENGINEERS_WRITE = "engineers:write"
    DEVICES_READ = "devices:read"
    DEVICES_CLAIM = "devices:claim"
    DEVICES_COMMAND = "devices:command"
    OWNERS_LINK = "owners:link"
    """The link of a home: whoever has it answers and consents as its owner."""
    TELEMETRY_READ = "telemetry:read"
    USE_READ = "use:read"
    """What appliances tell of their use: food, programmes, filters."""
    WATER_WRITE = "water:write"
    CREDENTIALS_READ = "credentials:read"
    CREDENTIALS_WRITE = "credentials:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_WRITE = "accounts:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    AUDIT_READ = "audit:read"
    SELF = "self"
    """Everybody who is known: who am I, sign out, a new password."""


_P = Permission
_STAFF = frozenset({
    _P.OVERVIEW_READ, _P.CHANGES_READ, _P.DEVICES_READ, _P.TELEMETRY_READ, _P.USE_READ, _P.INSIGHTS_READ,
    _P.TICKETS_READ, _P.CAMPAIGNS_READ, _P.ENGINEERS_READ, _P.SELF,
})  # fmt: skip
_ACCOUNTS = frozenset({_P.ACCOUNTS_READ, _P.ACCOUNTS_WRITE, _P.KEYS_READ, _P.KEYS_WRITE, _P.AUDIT_READ})

GRANTS: dict[AccountRole, frozenset[Permission]] = {
    # Owners answer, rate and command by the link of their home; an account adds looking at their appliances.
    AccountRole.OWNER: frozenset(
        {_P.DEVICES_READ, _P.OWNERS_LINK, _P.TELEMETRY_READ, _P.USE_READ, _P.INSIGHTS_READ, _P.SELF}
    ),
    AccountRole.ENGINEER: _STAFF | {_P.TICKETS_WRITE, _P.PLAN_READ, _P.DEVICES_COMMAND},
    AccountRole.DISPATCHER: _STAFF
    | {_P.TICKETS_WRITE, _P.CAMPAIGNS_WRITE, _P.PLAN_READ, _P.ENGINEERS_WRITE, _P.FIGURES_READ,
       _P.ISSUES_READ, _P.DEVICES_COMMAND, _P.DEVICES_CLAIM, _P.OWNERS_LINK},
    AccountRole.OPERATOR: _STAFF
    | {_P.DEVICES_CLAIM, _P.DEVICES_COMMAND, _P.CREDENTIALS_READ, _P.CREDENTIALS_WRITE, _P.WATER_WRITE,
       _P.FIGURES_READ, _P.ISSUES_READ, _P.WEBHOOKS_READ, _P.WEBHOOKS_WRITE},
    # Product teams learn from many homes, and look into no single one.
    AccountRole.PRODUCT: frozenset({
        _P.OVERVIEW_READ, _P.FIGURES_READ, _P.CAMPAIGNS_READ, _P.ISSUES_READ, _P.ISSUES_WRITE, _P.SELF,
    }),
    # Figures are aggregates; use is that of the homes that a key names.
    AccountRole.PARTNER: frozenset({_P.FIGURES_READ, _P.USE_READ, _P.SELF}),
    AccountRole.ADMIN: frozenset(Permission),
    AccountRole.MACHINE: frozenset(Permission) - _ACCOUNTS,
}  # fmt: skip

# What a ticket's life cycle knows them as.
_CAPACITIES: dict[AccountRole, frozenset[Capacity]] = {
    AccountRole.ENGINEER: frozenset({Capacity.ENGINEER}),
    AccountRole.DISPATCHER: frozenset({Capacity.DISPATCHER}),
    AccountRole.ADMIN: frozenset({Capacity.ENGINEER, Capacity.DISPATCHER}),
    AccountRole.MACHINE: frozenset({Capacity.ENGINEER, Capacity.DISPATCHER}),
}

# Roles that accounts may have, in the order in which they are listed.
GIVEN = tuple(role for role in AccountRole if role is not AccountRole.MACHINE)
# What an API key may be given.
PARTNER_SCOPES = tuple(sorted(GRANTS[AccountRole.PARTNER] - {_P.SELF}))


def permissions_of(roles: Collection[AccountRole]) -> frozenset[Permission]:
    """Return what holders of these roles may do.

    >>> sorted(permissions_of({AccountRole.PRODUCT}))[:2]
    [<Permission.CAMPAIGNS_READ: 'campaigns:read'>, <Permission.FIGURES_READ: 'figures:read'>]
    """
    return frozenset().union(*(GRANTS[role] for role in roles))


def capacities_of(roles: Collection[AccountRole]) -> frozenset[Capacity]:
    """Return in which capacities they move tickets."""
    empty: frozenset[Capacity] = frozenset()
    return frozenset().union(*(_CAPACITIES.get(role, empty) for role in roles))
