"""What is common to many: cohorts that deviate together go onto the log, drifting scores to the metrics.

Once a day of event time the models of a type are asked which firmware, model or region stands out from the
other appliances (:meth:`models.engine.Engine.campaigns`), long before each of them would be told by itself;
the service opens one campaign for it (`services/campaigns`). And by how much the daily scores have moved
since the thresholds were read off them (:meth:`models.engine.Engine.drift`) is a gauge for operations.
A process knows the appliances of its own partitions: with several, each asks its share of the fleet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import structlog
from prometheus_client import Gauge

from models.campaign import Campaign
from models.engine import Engine
from models.plan import DAY_US, UNKNOWN
from zerodistance.messages import Deviation
from zerodistance.store.database import Connection

Dimension = Literal["firmware", "model", "region"]
DIMENSIONS: tuple[Dimension, ...] = ("firmware", "model", "region")
"""The more telling one first, where two explain as much."""
DRIFTED = 0.25
"""From this index on the scores are not those any more that the thresholds were read off."""
_log = structlog.get_logger(__name__)
_drift = Gauge("zd_models_drift", "Population stability index of the daily scores", ["type"])
_deviating = Gauge("zd_models_cohorts_deviating", "Cohorts whose appliances deviate together", ["type"])


class FleetWatch:
    """Asks the engines of one process once a day each.

    Args:
        engines: by appliance type.
    """

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._engines = engines
        self._day: dict[str, int] = {}
        self._told: dict[str, set[tuple[str, str]]] = {}
        self._drifted: set[str] = set()

    def look(self, conn: Connection) -> list[Deviation]:
        """Return the deviations that are news; nothing for types whose day has not turned."""
        found: list[Deviation] = []
        for name, engine in self._engines.items():
            day = engine.day()
            if day <= self._day.get(name, -1):
                continue
            first = name not in self._day
            self._day[name] = day
            self._watch_drift(name, engine.drift())
            if not first:  # the first day that is seen has not ended
                found += self._deviations(conn, name, engine, day)
        return found

    def _watch_drift(self, name: str, drift: float) -> None:
        _drift.labels(name).set(drift)
        if drift > DRIFTED and name not in self._drifted:
            _log.warning("diagnosis.scores_drift", type=name, index=drift)
            self._drifted.add(name)
        elif drift <= DRIFTED:
            self._drifted.discard(name)

    def _deviations(self, conn: Connection, name: str, engine: Engine, day: int) -> list[Deviation]:
        cohorts = load_cohorts(conn, name)
        campaigns = engine.campaigns(cohorts)
        # the clearest first; where two are as clear, what says most
        ordered = sorted(campaigns, key=lambda one: (one.chance, DIMENSIONS.index(_split(one.cohort)[1])))
        best: dict[tuple[int, str], tuple[Campaign, tuple[int, Dimension, str]]] = {}
        for campaign in ordered:
            where = _split(campaign.cohort)
            best.setdefault((where[0], engine.blame(campaign)), (campaign, where))
        _deviating.labels(name).set(len({campaign.cohort for campaign in campaigns}))
        before, self._told[name] = self._told.get(name, set()), set()
        news = []
        for (tenant, cause), (campaign, (_, dimension, value)) in best.items():
            self._told[name].add((campaign.cohort, cause))
            if (campaign.cohort, cause) in before:
                continue
            feature = engine.plan.features[campaign.feature]
            _log.warning(
                "diagnosis.cohort_deviates", type=name, cohort=campaign.cohort, cause=cause, feature=feature,
                direction=campaign.direction, devices=len(campaign.devices), share=round(campaign.share, 3),
            )  # fmt: skip
            if cause != UNKNOWN:
                news.append(
                    Deviation(
                        tenant=tenant,
                        type=name,
                        dimension=dimension,
                        value=value,
                        cause=cause,
                        feature=feature,
                        direction=campaign.direction,
                        devices=[engine.names[device] for device in campaign.devices],
                        share=campaign.share,
                        time_us=day * DAY_US,
                    )
                )
        return news


def load_cohorts(conn: Connection, type_: str) -> dict[str, list[str]]:
    """Return cohort → its appliances, of one type: ``tenant/dimension/value``, as :func:`_split` reads it."""
    rows = conn.execute(
        "SELECT d.tenant_id, d.id, d.firmware, d.model, h.region FROM device d"
        " LEFT JOIN household h ON h.id = d.household_id"
        " WHERE d.type = %s AND d.retired_at IS NULL ORDER BY d.id",
        (type_,),
    ).fetchall()
    cohorts: dict[str, list[str]] = {}
    for tenant, device, *values in rows:
        for dimension, value in zip(DIMENSIONS, values, strict=True):
            if value:
                cohorts.setdefault(f"{tenant}/{dimension}/{value}", []).append(device)
    return cohorts


def _split(cohort: str) -> tuple[int, Dimension, str]:
    tenant, dimension, value = cohort.split("/", 2)
    return int(tenant), next(one for one in DIMENSIONS if one == dimension), value
