"""``zerodistance score-csv``: the streaming detectors over any series in a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from zerodistance.cli import print_json
from zerodistance.cli.stopping import until_told
from zerodistance.errors import HostError, SettingsError

app = typer.Typer(add_completion=False)


@app.command()
def score_csv(
    file: Annotated[Path, typer.Argument(help="CSV file with a header line")],
    time: Annotated[str, typer.Option(help="column of the times: ISO 8601, m/d/y, epoch, a number")],
    out: Annotated[Path, typer.Option(help="CSV file to write: time, anomaly_score, alarm, top_channel")],
    values: Annotated[
        str | None, typer.Option(help="columns to look at, separated by commas; else all that hold numbers")
    ] = None,
    sep: Annotated[str, typer.Option(help="what separates the columns of FILE")] = ",",
    train_rows: Annotated[
        int, typer.Option(help="rows at the start that are free of faults; 0: the series' own past", min=0)
    ] = 0,
    false_alarm_rate: Annotated[
        float, typer.Option(help="alarms per row of a fault-free stretch that are accepted")
    ] = 0.005,
    as_json: Annotated[bool, typer.Option("--json", help="print what was done as one JSON document")] = False,
) -> None:
    """Write an anomaly score and an alarm for each row; no row's score depends on a later row."""
    from models.streaming.score import Scorer
    from models.streaming.trained import LEAST_TRAIN
    from zerodistance.cli.evaluate.suite import StoppedError
    from zerodistance.cli.score_table import Table, write_rows

    if not 0.0 < false_alarm_rate < 0.5:
        raise SettingsError(f"--false-alarm-rate {false_alarm_rate:g}: give a number between 0 and 0.5.")
    if 0 < train_rows < LEAST_TRAIN:
        raise SettingsError(f"--train-rows {train_rows}: at least {LEAST_TRAIN} fault-free rows are needed.")
    if out.resolve() == file.resolve():
        raise SettingsError(f"--out {out} is the file that is read: name another one.")
    columns = [name.strip() for name in values.split(",") if name.strip()] if values is not None else None
    stop = until_told()
    console = Console(stderr=True)
    table = Table(file, time, columns, sep, first_rows=train_rows)
    partial = out.with_name(out.name + ".partial")
    rows = alarms = 0
    try:
        with (
            table,
            partial.open("w", encoding="utf-8", newline="") as target,
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[rows]:,} rows"),
                TimeElapsedColumn(),
                console=console,
                disable=not console.is_terminal,
            ) as bars,
        ):
            bar = bars.add_task(file.name, total=table.size, rows=0)

            def look(_done: int, _total: int) -> None:
                if stop.is_set():
                    raise StoppedError(f"Stopped after {rows:,} rows; {out} was not written.")

            scorer = Scorer(train_rows=train_rows, rate=false_alarm_rate, progress=look)
            for piece in table.pieces():
                look(0, 1)
                if rows == 0 and len(piece.time_s) <= train_rows:
                    raise SettingsError(
                        f"{file} has {len(piece.time_s):,} rows: nothing is left to judge after "
                        f"--train-rows {train_rows}."
                    )
                scores = scorer.feed(piece.time_s, piece.values)
                write_rows(target, piece.times, scores, table.columns, with_header=rows == 0)
                rows += len(piece.time_s)
                alarms += int(scores.alarm.sum())
                bars.update(bar, completed=table.read_bytes, rows=rows)
            bars.update(bar, completed=table.size)
        if not rows:
            raise SettingsError(f"{file} has a header and no rows.")
        partial.replace(out)
    except OSError as error:
        raise HostError(f"{out} cannot be written: {error}.") from error
    finally:
        partial.unlink(missing_ok=True)
    remarks = table.remarks()
    if as_json:
        print_json(
            {
                "rows": rows,
                "alarms": alarms,
                "columns": table.columns,
                "train_rows": train_rows,
                "out": out,
                "remarks": remarks,
            }
        )
        return
    judged = rows - train_rows
    console.print(
        f"{out}: {rows:,} rows, {alarms:,} alarms ({100 * alarms / judged:.2g} % of the rows judged), "
        f"looked at {', '.join(table.columns)}.",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    for remark in remarks:
        console.print(remark, highlight=False, markup=False, soft_wrap=True)
