"""What the commands of ``zerodistance models`` print for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Column, Table


def trained(done: Sequence[Mapping[str, Any]]) -> None:
    """Print what was trained, and what was not and why."""
    console = Console(highlight=False)
    for one in done:
        if one["version"] is None:
            console.print(f"{one['type']}: {one['why']}", soft_wrap=True)
            continue
        console.print(f"[bold]{one['version']}[/] is challenger.", soft_wrap=True)
        evaluated({one["type"]: one["metrics"]})


def evaluated(figures: Mapping[str, Any]) -> None:
    """Print signatures beside the model, by type."""
    console = Console(highlight=False)
    table = Table(
        "type",
        "figure",
        *(Column(who, justify="right") for who in _WHO),
        title="On devices held out, with 95 %",
        title_justify="left",
    )
    for name, one in figures.items():
        counted = one["learned"]
        heads = [name, f"{counted['incidents']} incidents", f"{counted['devices']} devices", "", ""]
        for head, (title, key) in zip(heads, _FIGURES, strict=True):
            table.add_row(head, title, *(_range(one[who][key]) for who in _WHO))
        table.add_section()
    if figures:
        console.print(table)
    else:
        console.print("No type has enough labels to hold devices out.")


def listed(document: Mapping[str, Any]) -> None:
    """Print who speaks for each type, all versions, and the history if it was asked for."""
    console = Console(highlight=False)
    table = Table("type", "champion", "challenger")
    for one in document["types"]:
        table.add_row(one["type"], one["champion"], one["challenger"] or "–")
    console.print(table)
    if document["versions"]:
        versions = Table("version", "stage", "trained", "by", *(Column(n, justify="right") for n in _COUNTS))
        for one in document["versions"]:
            versions.add_row(
                one["version"],
                one["stage"],
                f"{one['created_at']:%Y-%m-%d %H:%M}",
                one["created_by"],
                *(str(one[name]) for name in _COUNTS),
            )
        console.print(versions)
    for line in document.get("history", ()):
        console.print(
            f"{line['time']:%Y-%m-%d %H:%M} {line['actor']}: {line['version']} "
            f"{line['from'] or 'new'} → {line['to']} ({line['reason']})",
            soft_wrap=True,
            markup=False,
        )


def compared(figures: Mapping[str, Any]) -> None:
    """Print a comparison."""
    console = Console(highlight=False)
    table = Table("", *(Column(figures[who], justify="right") for who in ("champion", "challenger")))
    for name in ("right", "wrong", "unknown"):
        table.add_row(name, *(str(figures[name][who]) for who in ("champion", "challenger")))
    console.print(table)
    chances = figures["chances"]
    console.print(
        f"[bold]{figures['verdict']}[/]: {figures['tickets']} tickets (at least "
        f"{figures['tickets_needed']}); only the challenger right {figures['only_challenger_right']}, "
        f"only the champion {figures['only_champion_right']}; chance of this if both were equal "
        f"{chances['more_often_right']:.3g}, by the log score {chances['more_probable']:.3g}.",
        soft_wrap=True,
    )


_WHO = ("signatures", "learned")
_FIGURES = (
    ("wrong cause", "wrong_rate"),
    ("unknown", "unknown_rate"),
    ("names where none was found", "false_names"),
    ("log loss", "log_loss"),
    ("calibration error", "calibration_error"),
)
_COUNTS = ("incidents", "tickets")


def _range(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return f"{value[0]:.3g} ({value[1]:.2g}–{value[2]:.2g})"
    return f"{value:.3g}"
