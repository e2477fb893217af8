"""``zerodistance models train|evaluate|collect``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.learning import files
from models.learning.card import make_card
from models.learning.examples import Example
from models.learning.judging import evaluate as judge
from models.learning.training import FOLDS, TooFewLabelsError, prepare
from models.learning.training import train as fit
from models.plan import TypePlan, make_plan
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.cli import print_json
from zerodistance.cli.evaluate.suite import StoppedError
from zerodistance.cli.models import material, showing
from zerodistance.cli.models.options import AsJson, By, OptionalTypes, TypeName, actor, known_type
from zerodistance.cli.stopping import until_told
from zerodistance.errors import HostError, SettingsError
from zerodistance.settings import load_settings
from zerodistance.store import database, registry

Files = Annotated[
    list[Path] | None,
    typer.Option("--examples", help="file of examples as `collect` writes them; again for more"),
]


def train(
    types: OptionalTypes = None,
    every: Annotated[bool, typer.Option("--all", help="all types of the catalogue")] = False,
    examples: Files = None,
    reason: Annotated[str, typer.Option(help="why, for the card and the history")] = "retrained on outcomes",
    by: By = "",
    if_new: Annotated[
        int, typer.Option(min=0, help="only where so many tickets were closed since the last version")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Train a challenger for each type on the outcomes of its closed tickets (and examples from files).

    It speaks in the shadow of the champion from then on. With --all a type that has too few labels is passed
    over; a type that was named ends with an error.
    """
    settings = load_settings()
    catalogue = load_catalogue(settings.catalogue_folders())
    names = sorted(catalogue) if every else [known_type(catalogue, name) for name in types or []]
    if not names:
        raise SettingsError("Name a type, or give --all.")
    done: list[dict[str, Any]] = []
    with database.connect(database.dsn(settings)) as conn, database.translated():
        for name in names:
            plan = make_plan(catalogue[name])
            given = [*material.from_tickets(conn, plan), *material.from_files(examples or [], name)]
            news = _news(conn, name, given)
            conn.rollback()  # nothing is held while it is worked out
            if news < if_new:
                done.append({"type": name, "version": None, "why": f"{news} new labels, {if_new} wanted"})
                continue
            try:
                done.append(_train_one(conn, plan, given, settings.make_clock().now(), actor(by), reason))
            except TooFewLabelsError as error:
                if not every:
                    raise
                done.append({"type": name, "version": None, "why": str(error)})
    if as_json:
        print_json({"trained": done})
    else:
        showing.trained(done)


def evaluate(
    types: OptionalTypes = None,
    examples: Files = None,
    without_tickets: Annotated[
        bool, typer.Option("--without-tickets", help="the files alone: no database is asked")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what learning is worth: signatures against a model, on devices that the model never saw."""
    settings = load_settings()
    catalogue = load_catalogue(settings.catalogue_folders())
    names = [known_type(catalogue, name) for name in types or sorted(catalogue)]
    figures: dict[str, Any] = {}
    for name in names:
        plan = make_plan(catalogue[name])
        given = material.from_files(examples or [], name)
        if not without_tickets:
            with database.connect(database.dsn(settings)) as conn, database.translated():
                given += material.from_tickets(conn, plan)
        try:
            with _progress(name, FOLDS) as tell:
                figures[name] = judge(plan, prepare(plan, given), tell)
        except TooFewLabelsError:
            if types:
                raise
    if as_json:
        print_json(figures)
    else:
        showing.evaluated(figures)


def collect(
    type_: TypeName,
    out: Annotated[Path, typer.Option(help="file to write, one example a line")],
    fleets: Annotated[int, typer.Option(min=1, help="how many fleets, each of another seed")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="of the first fleet")] = 20_000,
    each: Annotated[int, typer.Option(min=1, help="appliances with each fault")] = 8,
    healthy: Annotated[int, typer.Option(min=1, help="appliances without one")] = 12,
    period: Annotated[float, typer.Option(min=1.0, help="seconds between samples")] = 300.0,
    as_json: AsJson = False,
) -> None:
    """Simulate fleets and keep what the diagnosis saw in each incident, with the truth, to learn from.

    Fleets of the seeds from 1,000 on are what `evaluate --suite simulated` judges by: leave them out.
    """
    from zerodistance.cli.models import simulated

    catalogue: Catalogue = load_catalogue(load_settings().catalogue_folders())
    name = known_type(catalogue, type_)
    chunks = simulated.plan_fleets(
        catalogue, name, fleets, seed=seed, each=each, healthy=healthy, period_s=period
    )
    if not chunks:
        raise SettingsError(f"{name}: the simulator has no fault that grows within two months.")
    found: list[Example] = []
    with _progress(f"{name} (days)", sum(chunk.days for chunk in chunks)) as tell:
        before = 0
        for chunk in chunks:
            found += simulated.collect(chunk, catalogue, lambda day, done=before: tell(done + day))  # type: ignore[misc]
            before += chunk.days
    try:
        out.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in found))
    except OSError as error:
        raise HostError(f"{out} cannot be written: {error.strerror}.") from error
    counted = {
        "type": name,
        "fleets": len(chunks),
        "examples": len(found),
        "incidents": len({one.incident for one in found}),
        "with_a_fault": simulated.faulty(found),
        "file": str(out),
    }
    if as_json:
        print_json(counted)
    else:
        Console(highlight=False).print(
            f"{counted['examples']} examples of {counted['incidents']} incidents "
            f"({counted['with_a_fault']} with a fault) → {out}",
            soft_wrap=True,
        )


def _train_one(
    conn: database.Connection, plan: TypePlan, given: list[Example], now: Any, by: str, reason: str
) -> dict[str, Any]:
    name = plan.appliance.type
    ready = prepare(plan, given)
    with _progress(name, FOLDS + 1) as tell:
        metrics = judge(plan, ready, tell)
        model = fit(plan, ready, name)
        tell(FOLDS + 1)
    with conn.transaction():
        number = registry.next_number(conn, name)
        model = replace(model, version=f"{name}-{number}")
        described = make_card(
            plan,
            model,
            ready.examples,
            metrics,
            created_at=now.isoformat(timespec="seconds"),
            created_by=by,
            reason=reason,
            code=material.code_versions(),
        )
        data = files.dump(model)
        registry.add(
            conn,
            type_=name,
            number=number,
            created_at=now,
            created_by=by,
            reason=reason,
            data_sha256=described["data"]["sha256"],
            card=described,
            file=data,
            file_sha256=files.sha256(data),
            labels=material.lineage_of(ready.examples),
        )
    return {"type": name, "version": model.version, "stage": "challenger", "metrics": metrics}


def _news(conn: database.Connection, type_: str, given: list[Example]) -> int:
    """Return how many findings with a label the newest version of a type has not seen."""
    known: set[str] = set()
    versions = registry.versions(conn, type_)
    if versions:
        known = {finding for finding, *_ in registry.lineage(conn, versions[-1].version)}
    return len({one.incident for one in given if one.ticket} - known)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how far it is; it ends the work when the command is told to stop."""
    console = Console(stderr=True)
    stop = until_told()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bars:
        bar = bars.add_task(what, total=total)

        def tell(done: int) -> None:
            if stop.is_set():
                raise StoppedError("Stopped; nothing was changed.")
            bars.update(bar, completed=done)

        yield tell
