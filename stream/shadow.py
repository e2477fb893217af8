"""Champion and challenger at work: who names causes is asked of the registry, what both say is written down.

The champion's word goes into the findings. The challenger judges the same evidence at the same moments, and
nothing comes of it but a row. A promotion or a rollback is seen within seconds, without a restart. A model
that cannot be read is left out, loudly: then the signatures speak, as on the first day.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import structlog
from prometheus_client import Gauge

from models.diagnose import Opinion as Saying
from models.engine import Engine
from models.incidents import Change
from models.learning.classifier import Bound, ModelError
from models.learning.examples import stage_of, to_vector
from models.plan import UNKNOWN, TypePlan
from zerodistance.clock import from_us
from zerodistance.store import registry
from zerodistance.store.database import Connection

REFRESH_S = 2.0
"""Real seconds between two looks at the registry, at least."""
_log = structlog.get_logger(__name__)
_refused = Gauge("zd_models_refused", "Champions and challengers whose file cannot be used")


class Shadow:
    """The learned models of all engines, and what waits to be written of their opinions."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._engines = engines
        self._staged: dict[tuple[str, str], str] = {}
        self._challengers: dict[str, Bound] = {}
        self._bad: set[str] = set()
        self._looked = -REFRESH_S
        self._opinions: list[registry.Opinion] = []

    def refresh(self, conn: Connection) -> None:
        """Look at the registry, unless that was done just now, and take over what has changed."""
        if time.monotonic() < self._looked + REFRESH_S:
            return
        self._looked = time.monotonic()
        staged = registry.staged(conn)
        for (type_, stage), version in staged.items():
            if self._staged.get((type_, stage)) != version:
                self._take(conn, type_, stage, version)
        for type_, stage in self._staged.keys() - staged.keys():
            self._set(type_, stage, None)
        self._staged = staged
        self._bad &= set(staged.values())
        _refused.set(len(self._bad))

    def note(self, change: Change, finding_id: str, *, tenant: int, type_: str) -> None:
        """Keep what was seen, and what both say of it, for the next checkpoint."""
        if change.seen is None or change.opinion is None:
            return
        engine = self._engines[type_]
        plan, challenger = engine.plan, self._challengers.get(type_)
        theirs = None
        if challenger is not None:
            theirs = says(
                plan,
                Saying(challenger.probabilities(change.seen), challenger.likely, challenger.version),
            )
        vector = to_vector(plan, change.seen)
        self._opinions.append(
            registry.Opinion(
                finding_id=finding_id,
                time=from_us(change.time_us),
                stage=stage_of(change),
                tenant=tenant,
                device=engine.names[change.device],
                type=type_,
                revision=change.revision,
                cause=change.cause,
                vector={
                    "counted": vector.counted,
                    "weights": vector.weights,
                    "creeping": vector.creeping,
                },
                champion=named(plan, change.opinion),
                champion_says=says(plan, change.opinion),
                challenger=None if challenger is None else challenger.version,
                challenger_says=theirs,
            )
        )

    def save(self, conn: Connection) -> None:
        """Write what was noted, in the transaction of the findings."""
        registry.save_opinions(conn, self._opinions)
        self._opinions = []

    def _take(self, conn: Connection, type_: str, stage: str, version: str) -> None:
        engine = self._engines.get(type_)
        if engine is None:
            return
        from models.learning.files import load  # scikit-learn: only for those who have a model

        try:
            row = registry.version(conn, version)
            data = registry.file_of(conn, version)
            model = load(version, data, row.file_sha256, row.card.get("model", {})).bind(engine.plan)
        except ModelError as error:
            self._bad.add(version)
            self._set(type_, stage, None)
            _log.error("diagnosis.model_refused", type=type_, stage=stage, model=version, error=str(error))
            return
        self._set(type_, stage, model)
        _log.info("diagnosis.model", type=type_, stage=stage, model=version)

    def _set(self, type_: str, stage: str, model: Bound | None) -> None:
        engine = self._engines.get(type_)
        if engine is None:
            return
        if stage == "champion":
            engine.plan.panel.champion = model
            if model is None:
                _log.info(
                    "diagnosis.model", type=type_, stage=stage, model=f"signatures-{engine.plan.version}"
                )
        elif model is None:
            self._challengers.pop(type_, None)
        else:
            self._challengers[type_] = model


def named(plan: TypePlan, opinion: Saying | None) -> str:
    """Return the version under which an opinion goes: a learned model's, or the signatures'."""
    return opinion.model if opinion is not None and opinion.model else f"signatures-{plan.version}"


def says(plan: TypePlan, opinion: Saying) -> dict[str, Any]:
    """Return an opinion as JSON values: the cause named, and the probability of each."""
    names = (*plan.faults, UNKNOWN)
    return {
        "cause": opinion.cause(plan),
        "probabilities": {
            name: round(float(p), 5) for name, p in zip(names, opinion.probabilities, strict=True)
        },
    }
