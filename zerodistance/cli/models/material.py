"""Where the labels come from: closed tickets in the database, and files of simulated examples."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version as version_of
from pathlib import Path

import msgspec

import zerodistance
from models.learning.comparison import Pair
from models.learning.examples import Example, Stage, Vector, label_of
from models.plan import TypePlan
from zerodistance.clock import to_us
from zerodistance.errors import SettingsError
from zerodistance.store import registry
from zerodistance.store.database import Connection

_DAY_US = 86_400_000_000
_LIBRARIES = ("numpy", "scikit-learn", "skops")
_SOURCES = ("models/learning/*.py", "models/diagnose.py", "models/naming.py", "models/incidents.py")


def from_tickets(conn: Connection, plan: TypePlan) -> list[Example]:
    """Return the looks at every finding that led a closed ticket whose outcome somebody gave."""
    examples = []
    for row in registry.labelled(conn, plan.appliance.type):
        labelled = label_of(row.outcome, row.outcome_cause, plan.faults)
        if labelled is None:
            continue
        label, outcome = labelled
        examples.append(
            Example(
                type=row.type,
                device=row.device_id,
                incident=row.finding_id,
                stage=msgspec.convert(row.stage, Stage),
                time_us=to_us(row.time),
                vector=msgspec.convert(row.vector, Vector),
                label=label,
                outcome=outcome,
                named=row.cause,
                ticket=row.ticket_id,
            )
        )
    return examples


def from_files(paths: Iterable[Path], type_: str) -> list[Example]:
    """Return the examples of one type in files as ``zerodistance models collect`` writes them.

    Raises:
        SettingsError: a file cannot be read, or a line of it is no example.
    """
    examples: list[Example] = []
    decoder = msgspec.json.Decoder(Example)
    for path in paths:
        try:
            with path.open("rb") as lines:
                for number, line in enumerate(lines, start=1):
                    try:
                        one = decoder.decode(line)
                    except msgspec.MsgspecError as error:
                        raise SettingsError(f"{path}, line {number} is no example: {error}.") from None
                    if one.type == type_:
                        examples.append(one)
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    return examples


def pairs_of(conn: Connection, plan: TypePlan, challenger: str, champion: str) -> list[Pair]:
    """Return the closed tickets that both looked at, without those that the challenger learned from.

    Args:
        conn: database.
        plan: of the type.
        challenger: version.
        champion: version, or "" for the catalogue's signatures, whatever their version.
    """
    learned_from = {finding for finding, *_ in registry.lineage(conn, challenger)}
    looks: dict[str, list[registry.Labelled]] = {}
    for row in registry.labelled(conn, plan.appliance.type):
        theirs = row.champion == champion if champion else row.champion.startswith("signatures-")
        open_look = row.stage != "cleared"
        if row.challenger == challenger and theirs and open_look and row.finding_id not in learned_from:
            looks.setdefault(row.finding_id, []).append(row)
    pairs = []
    for rows in looks.values():
        first = min(to_us(row.time) for row in rows)
        row = max((r for r in rows if to_us(r.time) <= first + _DAY_US), key=lambda r: r.time)
        labelled = label_of(row.outcome, row.outcome_cause, plan.faults)
        if labelled is None or row.challenger_says is None:
            continue
        truth = labelled[0]
        ours, theirs_says = row.challenger_says, row.champion_says
        pairs.append(
            Pair(
                ticket=row.ticket_id,
                device=row.device_id,
                closed_us=to_us(row.closed_at),
                truth=truth,
                champion=str(theirs_says["cause"]),
                challenger=str(ours["cause"]),
                champion_p=float(theirs_says["probabilities"].get(truth, 0.0)),
                challenger_p=float(ours["probabilities"].get(truth, 0.0)),
            )
        )
    return pairs


def lineage_of(examples: Sequence[Example]) -> list[tuple[str, str, str, str]]:
    """Return (finding, ticket, label, outcome) of the examples that come from tickets."""
    return sorted({(one.incident, one.ticket, one.label, one.outcome) for one in examples if one.ticket})


def code_versions() -> dict[str, str]:
    """Return what a model's card says of the code that made it."""
    root = Path(zerodistance.__file__).parents[1]
    digest = hashlib.sha256()
    for pattern in _SOURCES:
        for path in sorted(root.glob(pattern)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return {
        "zerodistance": zerodistance.__version__,
        "sources": digest.hexdigest()[:16],
        "python": platform.python_version(),
        **{name: version_of(name) for name in _LIBRARIES},
    }
