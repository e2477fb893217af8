"""Draws the example findings of docs/evaluation.md from the recorded data sets; needs matplotlib.

python docs/evaluation_plots.py [--datasets FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # the backend comes first

from models.evaluation import air_handling, cmapss
from models.streaming.channels import Channels
from models.streaming.news import News
from models.streaming.score import own_level
from zerodistance.cli.evaluate.cmapss import read_engines
from zerodistance.cli.evaluate.lbnl import read_days
from zerodistance.cli.evaluate.nab import read_series
from zerodistance.cli.evaluate.suite import Task

FOLDER = Path(__file__).parent / "images" / "evaluation"
BLUE, ORANGE, RED, GREY = "#1f5fa8", "#e08214", "#c0392b", "#999999"


def taxi(task: Task) -> None:
    """New York's taxis around the marathon of 2014: expected, observed, band, alarm."""
    series = next(one for one in read_series(task) if one.name.endswith("nyc_taxi.csv"))
    channels, news = Channels(1), News(1)
    expected, total = np.empty((2, len(series.value)))
    for row, (at, value) in enumerate(zip(series.time_s, series.value, strict=True)):
        expected[row] = channels.expected(np.array([at]))[0]
        total[row] = channels.surprise(np.array([at]), np.array([[value]]))[0, 0]
    told, alarm = news.told(total[:, None])[:, 0], total >= own_level(total, 0.005)
    left, right = series.windows[0]
    part = slice(left - 250, right + 150)
    days = (series.time_s - series.time_s[left]) / 86_400
    band = np.quantile(np.abs(series.value - expected)[:left], 0.99)
    upper, lower = plt.subplots(2, 1, figsize=(9, 4.6), sharex=True, height_ratios=(3, 1))[1]
    upper.fill_between(
        days[part],
        (expected - band)[part],
        (expected + band)[part],
        color=BLUE,
        alpha=0.15,
        label="band (99 %)",
    )
    upper.plot(days[part], expected[part], color=BLUE, lw=1, label="expected")
    upper.plot(days[part], series.value[part], color="black", lw=1, label="observed")
    upper.axvspan(0, days[right], color=ORANGE, alpha=0.15, label="labelled window (marathon)")
    rows = np.flatnonzero(alarm)
    rows = rows[(rows >= part.start) & (rows < part.stop)]
    upper.plot(days[rows], series.value[rows], "o", color=RED, ms=4, label="alarm")
    upper.set_ylabel("passengers per half hour")
    upper.legend(loc="upper left", fontsize=7, ncols=3)
    lower.plot(days[part], told[part], color=GREY, lw=1)
    lower.set_ylabel("score")
    lower.set_xlabel("days since the window's beginning")
    _save("taxi")


def engine(task: Task) -> None:
    """One engine that wears out: cycles to failure as predicted, and the alarm."""
    engines = read_engines(task)
    leads = cmapss.judge(engines)
    median = int(np.argsort(leads.lead)[len(leads.lead) // 2])
    predicted = leads.predicted[median]
    cycle = np.arange(len(predicted))
    axes = plt.subplots(figsize=(9, 3.2))[1]
    axes.plot(cycle, predicted, color=BLUE, lw=1, label="predicted cycles to failure")
    axes.plot(
        cycle, np.minimum(len(cycle) - 1 - cycle, cmapss.FAR), color="black", lw=1, label="true, at most 130"
    )
    axes.axvspan(0, cmapss.BASELINE, color=GREY, alpha=0.2, label="its baseline")
    called = int(leads.called_at[median])
    axes.axvline(called, color=RED, label=f"alarm, {leads.lead[median]} cycles before failure")
    axes.set_xlabel(f"cycle of engine {median + 1}")
    axes.legend(fontsize=7)
    _save("engine")


def air_handler(task: Task) -> None:
    """An air handler that cools its air while the heating valve is open: band, observed, alarm, cause."""
    days = read_days(task, "SZVAV")
    healthy = [readings for readings, faulty in days.values() if not faulty]
    normal = air_handling.Normal.fit(healthy)
    threshold = max(float(np.quantile(air_handling.held_out(healthy), 0.95)), 0.0)
    day, (readings, _) = next((day, one) for day, one in days.items() if day.startswith("9/22"))
    use = air_handling.judged(readings)
    statistic, why = normal.statistic(readings)
    gain = air_handling.residuals(readings)["heating_gain"]
    hours = np.arange(len(readings)) / 60
    axes = plt.subplots(figsize=(9, 3.2))[1]
    axes.axhspan(
        normal.low["heating_gain"],
        normal.high["heating_gain"],
        color=BLUE,
        alpha=0.15,
        label="fault-free days",
    )
    axes.plot(hours, gain, color="black", lw=0.8, label="observed")
    over = np.flatnonzero(use)[(statistic > threshold) & (np.array(why) == "heating_gain")]
    axes.plot(hours[over], np.full(len(over), np.nanmin(gain)), "|", color=RED, label="alarm: heating_gain")
    axes.set_xlabel(f"hour of {day}")
    axes.set_ylabel("°F at a fully open heating valve")
    axes.legend(fontsize=7)
    _save("air-handler")


def _save(name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    plt.tight_layout()
    plt.savefig(FOLDER / f"{name}.png", dpi=90)
    plt.close()


def main() -> None:
    """Draw all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path)
    task = Task(datasets=parser.parse_args().datasets)
    for draw in (taxi, engine, air_handler):
        draw(task)


if __name__ == "__main__":
    main()
