"""Template variables, and the SQL conditions that read them.

Every value reaches the SQL through Grafana's ``:sqlstring`` format, which quotes and escapes each one,
so the same text works for one value, several, and all.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from dashboards.query import datasource, tidy

# A household that told no region, and a device without a household, are listed under this name.
REGION = "coalesce(nullif(h.region, ''), '(none)')"
DEVICES = "device d LEFT JOIN household h ON h.id = d.household_id"
BY_TYPE = "d.type IN (${type:sqlstring})"
BY_REGION = f"{REGION} IN (${{region:sqlstring}})"
BY_DEVICE = "device_id IN (${device:sqlstring})"
IN_USE = "d.retired_at IS NULL"
# Devices offered in a drop-down at once; typing narrows the list down through $__searchFilter.
_OFFERED = 500


def type_variable() -> build.QueryVariable:
    """Return ``$type``: the appliance types that have devices, several or all."""
    return _many("type", "Appliance", "SELECT DISTINCT type FROM device WHERE retired_at IS NULL ORDER BY 1")


def region_variable(appliance_type: str = "") -> build.QueryVariable:
    """Return ``$region``: the regions in which devices (of one type, if given) stand, several or all."""
    only = f" AND d.type = '{appliance_type}'" if appliance_type else ""
    return _many(
        "region",
        "Region",
        f"SELECT DISTINCT {REGION} FROM {DEVICES} WHERE {IN_USE}{only} ORDER BY 1",  # noqa: S608
    )


def device_variable(appliance_type: str) -> build.QueryVariable:
    """Return ``$device``: one device of a type, those last heard of first; typing searches."""
    sql = f"""
        SELECT d.id FROM {DEVICES}
        WHERE d.type = '{appliance_type}' AND {IN_USE} AND {BY_REGION} AND d.id LIKE $__searchFilter
        ORDER BY d.last_seen_at DESC NULLS LAST, d.id LIMIT {_OFFERED}
        """  # noqa: S608 - constants and a name from the catalogue
    return (
        build.QueryVariable("device")
        .label("Device")
        .datasource(datasource())
        .query(tidy(sql))
        .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(model.VariableSort.DISABLED)
        .multi(False)
        .include_all(False)
    )


def _many(name: str, label: str, sql: str) -> build.QueryVariable:
    return (
        build.QueryVariable(name)
        .label(label)
        .datasource(datasource())
        .query(sql)
        .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(model.VariableSort.DISABLED)
        .multi(True)
        .include_all(True)
        .current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
