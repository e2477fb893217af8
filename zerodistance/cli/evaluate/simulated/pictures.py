"""Draw example findings: what was observed and expected, when the fault began, when it was told, and as what.

``python -m zerodistance.cli.evaluate.simulated.pictures docs`` writes ``docs/images/evaluation/*.png``. It
needs matplotlib (a development dependency).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.engine import Band, Engine, Outcome
from models.incidents import Change
from simulators.fleet import FleetPlan, Group, PlannedFault
from simulators.portraits import load_pyplot
from simulators.simulation import FleetSimulation
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.cli.evaluate.simulated.fleets import FIRST_SEED, WARM_UP
from zerodistance.cli.evaluate.simulated.living import feed, to_samples
from zerodistance.clock import to_us
from zerodistance.errors import ZeroDistanceError

_START = datetime(2026, 5, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000
_OTHERS = 9  # healthy appliances of the same fleet
_NO_GAPS: NDArray[np.int64] = np.empty((0, 3), np.int64)


class Example(NamedTuple):
    """One fault of one appliance, and the channel that it is drawn by.

    Attributes:
        onset: day on which it begins; ``days``: that are simulated; ``shown``: first and last day drawn.
        mean_hours: the channel is drawn as its mean over so long; 0: as it was reported.
    """

    type: str
    fault: str
    channel: str
    onset: float
    days: int
    shown: tuple[float, float]
    mean_hours: float = 0.0
    repaired_after_hours: float | None = None


EXAMPLES = (
    Example("refrigerator", "door_ajar", "fresh_food_temperature", 9.55, 11, (9.3, 10.1), 0.0, 3.0),
    Example("refrigerator", "compressor_failed", "freezer_temperature", 9.3, 12, (8.8, 10.6), 0.0, 20.0),
    Example("refrigerator", "refrigerant_leak", "evaporator_temperature", 24.0, 54, (0.0, 54.0), 24.0),
    Example("dishwasher", "drain_blocked", "drain_duration", 24.0, 60, (0.0, 60.0), 24.0),
)


class Told(NamedTuple):
    """What was reported of the appliance, and what the models said: days since the start.

    ``failure``: the day from which it no longer does what it is for, None if that does not come.
    """

    days: NDArray[np.float64]
    values: NDArray[np.float64]
    bands: list[Band]
    changes: list[Change]
    failure: float | None


def tell(example: Example, catalogue: Catalogue) -> Told:
    """Simulate an example's fleet, the ill appliance last, and let the models judge it."""
    group = Group(type=example.type, count=_OTHERS + 1, prefix="example-", period_s=60.0)
    ill = group.ids()[-1]
    fault = PlannedFault(
        device=ill,
        fault=example.fault,
        at_hours=24.0 * example.onset,
        clear_after_hours=example.repaired_after_hours,
    )
    plan = FleetPlan(
        seed=FIRST_SEED, climate="subtropical", step_s=60.0, perturb=0.2, group=[group], fault=[fault]
    )
    appliance = catalogue[example.type]
    fleet = FleetSimulation(plan, catalogue, _START - WARM_UP, live=_START)
    engine = Engine(appliance)
    row = [engine.row_of(device) for device in fleet.devices][-1]
    times: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float64]] = []
    failure_us = next(entry.functional_failure_us() for _, _, entry in fleet.entries())
    failure = None if failure_us is None else (failure_us - to_us(_START)) / _DAY_US
    told = Told(np.empty(0), np.empty(0), [], [], failure)

    def take(outcome: Outcome) -> None:
        told.bands.extend(
            one for one in outcome.bands if one.device == row and one.channel == example.channel
        )
        told.changes.extend(one for one in outcome.changes if one.device == row)

    fleet.advance(to_us(_START), silent=True)
    for day in range(1, example.days + 1):
        batches, reports = fleet.advance(to_us(_START + timedelta(days=day)))
        samples = to_samples(batches, engine.plan.channels, appliance, engine.row_of, _NO_GAPS)
        feed(engine, samples, [one for one in reports if one.happening.kind == "fault"], take)
        for batch in batches:
            if ill in batch.devices:
                place = batch.devices.index(ill)
                times.append(batch.time_us[:, place])
                values.append(batch.values[example.channel][:, place])
    days = (np.concatenate(times) - to_us(_START)) / _DAY_US
    order = np.argsort(days)
    return told._replace(days=days[order], values=np.concatenate(values)[order])


def draw(pyplot: Any, example: Example, told: Told, catalogue: Catalogue, path: Path) -> None:
    """Draw one example into a PNG file."""
    appliance = catalogue[example.type]
    channel = appliance.channels[example.channel]
    figure, axis = pyplot.subplots(figsize=(10, 3.2))
    days, values = told.days, told.values
    if example.mean_hours:
        bins = (days * 24.0 // example.mean_hours).astype(int)
        known = np.isfinite(values)
        count = np.bincount(bins[known])
        total = np.bincount(bins[known], values[known])
        values = np.asarray(total / np.maximum(count, 1), dtype=np.float64)
        days = np.asarray((np.arange(len(values)) + 0.5) * example.mean_hours / 24.0, dtype=np.float64)
    axis.plot(days, values, linewidth=0.9, label=f"{channel.title['en']}, observed")
    if told.bands:
        since = np.array([band.time_us - to_us(_START) for band in told.bands]) / _DAY_US
        axis.fill_between(
            since,
            [band.low for band in told.bands],
            [band.high for band in told.bands],
            color="tab:green",
            alpha=0.2,
            label="expected of it",
        )
    axis.axvline(example.onset, color="tab:red", linewidth=1.0, linestyle=":", label="the fault begins")
    if told.failure is not None and told.failure - example.onset > 0.5:
        axis.axvline(told.failure, color="black", linestyle=":", label="it no longer does its work")
    before = ("", "")
    for change in told.changes:
        moment = (change.time_us - to_us(_START)) / _DAY_US
        now = (change.state, change.cause)
        if now == before or not example.shown[0] <= moment <= example.shown[1]:
            continue
        before = now
        name = change.cause.replace("_", " ")
        color = "tab:gray" if change.state == "cleared" else "tab:orange"
        axis.axvline(moment, color=color, linewidth=1.2)
        words = "cleared" if change.state == "cleared" else f"{name}, {100 * change.probability:.0f} %"
        axis.annotate(
            words,
            (moment, 0.04),
            xycoords=("data", "axes fraction"),
            rotation=90,
            fontsize=7,
            ha="right",
        )
    axis.set_xlim(*example.shown)
    axis.set_ylabel(channel.unit)
    axis.set_xlabel("days since it was installed")
    axis.legend(loc="upper left", fontsize=7)
    axis.grid(alpha=0.3)
    title = appliance.faults[example.fault].title["en"]
    figure.suptitle(f"{appliance.title['en']}: {title[0].lower()}{title[1:]}", fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=68, metadata={"Software": None})
    pyplot.close(figure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pictures; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("docs", type=Path, help="folder that gets images/evaluation")
    images: Path = parser.parse_args(arguments).docs / "images" / "evaluation"
    try:
        pyplot = load_pyplot()
        catalogue = load_catalogue()
        images.mkdir(parents=True, exist_ok=True)
        for example in EXAMPLES:
            told = tell(example, catalogue)
            draw(pyplot, example, told, catalogue, images / f"{example.type}-{example.fault}.png")
    except (ZeroDistanceError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
