"""Draw a week of every appliance of the home fleet, and compare their energy with labels.

``python -m simulators.portraits docs`` writes ``docs/appliances.md`` and ``docs/images/appliances/*.png``. It
needs matplotlib (a development dependency); everything else in this package runs without it.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from simulators.fleet import FleetPlan, load_fleet
from simulators.simulation import FleetSimulation
from zerodistance.catalogue import ApplianceType, Catalogue, load_catalogue
from zerodistance.clock import to_us
from zerodistance.errors import SettingsError, ZeroDistanceError

_START = datetime(2026, 6, 14, 16, tzinfo=UTC)  # midnight of a Monday in the home's time zone, UTC+8
_DAYS = 7
_WARM_UP = timedelta(days=3)
_HOMES = 8
_HOME_FILE = Path(__file__).parent / "fleets" / "home.toml"
_OFFSET_S = 8 * 3600


class Portrait(NamedTuple):
    """What is drawn of a type, and what its label says.

    Attributes:
        panels: channels of each panel, one axis a panel.
        says: what an engineer should see in it.
        label: kWh a day as from labels: lowest and highest, None where there is no such label.
        source: where these figures come from.
    """

    panels: Sequence[Sequence[str]]
    says: str
    label: tuple[float, float] | None
    source: str


PORTRAITS: Mapping[str, Portrait] = {
    "refrigerator": Portrait(
        (("fresh_food_temperature", "freezer_temperature", "evaporator_temperature"), ("power",)),
        "Runs of half an hour; a defrost shows as a peak of power and of the evaporator's temperature, after "
        "a number of hours of running that adapts itself.",
        (0.6, 1.2),
        "US limits for 250 + 100 L, frost-free: 0.97 kWh a day with the freezer on top, 1.23 below "
        "(10 CFR 430.32(a): 8.07·AV + 233.7 and 8.85·AV + 317 kWh a year); "
        "good ones take less",
    ),
    "freezer": Portrait(
        (("freezer_temperature", "evaporator_temperature"), ("power",)),
        "The compressor cycles day and night; few lid openings.",
        (0.5, 0.8),
        "180–300 kWh a year on labels of 180–250 L (Regulation (EU) 2019/2016)",
    ),
    "wine_cellar": Portrait(
        (("cabinet_temperature", "evaporator_temperature"), ("humidity",), ("power",)),
        "A narrow band around the set-point; humidity falls while the coil is cold and comes back after.",
        (0.27, 0.55),
        "100–200 kWh a year on labels of 40–60 bottles (Regulation (EU) 2019/2016), at 25 °C",
    ),
    "air_conditioner": Portrait(
        (("room_temperature", "supply_temperature", "outdoor_temperature"), ("pm25",), ("power",)),
        "On when somebody is at home and it is hot; cycles of some 17 minutes; supply air 9–12 K colder.",
        None,
        "labels give a year of 350 hours at full load (Regulation (EU) No 626/2011); 3.5 kW of "
        "cooling at 3.8 "
        "take 0.92 kW: divided by that, these are hours at full load",
    ),
    "water_heater": Portrait(
        (("tank_temperature_upper", "tank_temperature_lower"), ("flow",), ("power",)),
        "A shower cools the bottom at once and the top hardly; one element at a time, 4.5 kW. A timer holds "
        "the lower one to the cheap hours from ten in the evening; the upper one keeps the top warm all day.",
        (6.8, 7.8),
        "tapping profile M with water of 10 °C: 5.845 kWh of hot water a day (Regulation (EU) 814/2013) and "
        "1–2 kWh of standing loss; in June the mains here have some 25 °C, which halves it and more",
    ),
    "water_purifier": Portrait(
        (("flow",), ("tds_in", "tds_out"), ("power",)),
        "A few litres at meals; the first glass after a pause is saltier.",
        None,
        "no energy label; a pump of 40–55 W for 10–40 minutes a day and electronics",
    ),
    "washing_machine": Portrait(
        (
            ("power",),
            ("water_level",),
            ("spin_speed",),
            ("vibration", "bearing_vibration"),
        ),
        "Heating first, then rinses, then the final spin; vibration differs from load to load and is held "
        "between washes.",
        (0.2, 1.0),
        "0.47–0.93 kWh a wash of 8 kg, classes A to G (Delegated Regulation (EU) 2019/2014), "
        "3–7 washes a week",
    ),
    "dishwasher": Portrait(
        (("power",), ("water_temperature",), ("pump_power",)),
        "Started in the evening when it is full; two heating phases, drying without power.",
        (0.25, 1.04),
        "0.54–1.04 kWh a wash of 13 place settings, classes A to G (Delegated Regulation (EU) 2019/2017), "
        "3–7 washes a week",
    ),
    "oven": Portrait(
        (("cavity_temperature", "set_point"), ("power",)),
        "Preheated in some ten minutes, held within a band, cooling for two hours; the set-point stays where "
        "it was left.",
        (0.1, 0.9),
        "0.70–0.91 kWh a use of 71 L, class A (Delegated Regulation (EU) No 65/2014), 1–7 uses a week",
    ),
    "air_purifier": Portrait(
        (("pm25",), ("fan_speed",), ("carbon_dioxide",), ("power",)),
        "Frying and cleaning raise dust to 70–250 µg/m³; full speed clears it within an hour; quiet at "
        "night.",
        (0.05, 0.72),
        "45 W for 300 m³/h: 0.72 kWh in 16 h at full speed at most; its automatic mode rests most of the day",
    ),
}


def simulate(plan: FleetPlan, catalogue: Catalogue) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return a week as reported: device → channel → (samples,), with ``time`` in local days "
    "since midnight."""
    fleet = FleetSimulation(plan, catalogue, _START - _WARM_UP)
    fleet.advance(to_us(_START), silent=True)
    batches, _ = fleet.advance(to_us(_START + timedelta(days=_DAYS)))
    parts: dict[str, dict[str, list[NDArray[Any]]]] = {}
    for batch in batches:
        for column, device in enumerate(batch.devices):
            mine = parts.setdefault(device, {})
            days = (batch.time_us[:, column] - to_us(_START)) / 86_400e6
            for name, values in {"time": days, **{n: v[:, column] for n, v in batch.values.items()}}.items():
                mine.setdefault(name, []).append(values)
    return {
        device: {name: np.concatenate(arrays).astype(np.float64) for name, arrays in channels.items()}
        for device, channels in parts.items()
    }


def kwh_a_day(week: Mapping[str, NDArray[np.float64]]) -> float:
    """Return the growth of the energy counter in kWh a day."""
    energy = week["energy"][np.isfinite(week["energy"])]
    return float((energy[-1] - energy[0]) / _DAYS)


def draw(pyplot: Any, appliance: ApplianceType, week: Mapping[str, NDArray[np.float64]], path: Path) -> None:
    """Draw a week of one appliance into a PNG file."""
    panels = PORTRAITS[appliance.type].panels
    figure, axes = pyplot.subplots(
        len(panels), 1, sharex=True, figsize=(10, 0.6 + 1.55 * len(panels)), squeeze=False
    )
    for axis, channels in zip(axes[:, 0], panels, strict=True):
        for name in channels:
            channel = appliance.channels[name]
            legend = f"{channel.title['en']} ({channel.unit})"
            axis.plot(week["time"], week[name], linewidth=0.6, label=legend)
        axis.set_ylabel(appliance.channels[channels[0]].unit)
        axis.legend(loc="upper right", fontsize=7, framealpha=0.7)
        axis.grid(alpha=0.3)
        axis.margins(x=0)
    axes[-1, 0].set_xticks(range(_DAYS + 1))
    axes[-1, 0].set_xlabel("days since Monday, midnight")
    figure.suptitle(f"{appliance.title['en']}: seven days", fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=68, metadata={"Software": None})
    pyplot.close(figure)


def page(catalogue: Catalogue, home: Mapping[str, float], street: Mapping[str, Sequence[float]]) -> str:
    """Return the page as Markdown.

    Args:
        catalogue: for names.
        home: type → kWh a day of the home that is drawn.
        street: type → kWh a day of the same appliance in several homes.
    """
    monday = _START + timedelta(seconds=_OFFSET_S)
    lines = [
        "# A home's appliances through a week",
        "",
        f"Made by `python -m simulators.portraits docs` from `simulators/fleets/{_HOME_FILE.name}`: one "
        f"home with all ten types, {_DAYS} days from {monday:%A, %-d %B %Y} on, as the appliances report it "
        "(noise, resolution and lost readings included). The models and their magnitudes are in the "
        "docstrings of `simulators/physics/`.",
        "",
        "## Energy a day against labels",
        "",
        f"The second figure is the mean (lowest to highest) of {_HOMES} homes with such appliances through "
        "the same week; homes differ in people and habits, appliances of a type by some 8 %.",
        "",
        "| Appliance | this home, kWh/day | homes, kWh/day | labels, kWh/day | where from |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for kind, portrait in PORTRAITS.items():
        each = street[kind]
        label = "–" if portrait.label is None else f"{portrait.label[0]:g}–{portrait.label[1]:g}"
        lines.append(
            f"| {catalogue[kind].title['en']} | {home[kind]:.2f} | {np.mean(each):.2f} ({min(each):.2f}–"
            f"{max(each):.2f}) | {label} | {portrait.source} |"
        )
    for kind, portrait in PORTRAITS.items():
        title = catalogue[kind].title["en"]
        lines += ["", f"## {title}", "", portrait.says, "", f"![{title}](images/appliances/{kind}.png)"]
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page and its pictures; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("docs", type=Path, help="folder that gets appliances.md and images/appliances")
    docs: Path = parser.parse_args(arguments).docs
    try:
        pyplot = load_pyplot()
        catalogue = load_catalogue()
        plan = load_fleet(_HOME_FILE, catalogue)
        week = simulate(plan, catalogue)
        many = [msgspec.structs.replace(group, count=_HOMES, period_s=3600.0 / 2) for group in plan.group]
        weeks = simulate(msgspec.structs.replace(plan, group=many), catalogue)
        images = docs / "images" / "appliances"
        images.mkdir(parents=True, exist_ok=True)
        home: dict[str, float] = {}
        street: dict[str, list[float]] = {}
        for group, each in zip(plan.group, many, strict=True):
            device = group.ids()[0]
            draw(pyplot, catalogue[group.type], week[device], images / f"{group.type}.png")
            home[group.type] = kwh_a_day(week[device])
            street[group.type] = [kwh_a_day(weeks[one]) for one in each.ids()]
        (docs / "appliances.md").write_text(page(catalogue, home, street), encoding="utf-8")
    except (ZeroDistanceError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def load_pyplot() -> Any:
    """Return matplotlib's pyplot, drawing to files only.

    Raises:
        SettingsError: it is not installed.
    """
    try:
        importlib.import_module("matplotlib").use("Agg")
        return importlib.import_module("matplotlib.pyplot")
    except ImportError as error:
        raise SettingsError(
            "Drawing needs matplotlib: install the development dependencies (uv sync --group dev)."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
