"""``zerodistance models``: what closed tickets teach; versions, comparison, promotion, rollback."""

from __future__ import annotations

import typer

from zerodistance.cli.models import learning, stages

app = typer.Typer(help="Learned models: train, evaluate, compare, promote, roll back.", no_args_is_help=True)
app.command("list")(stages.list_models)
app.command("card")(stages.card)
app.command("train")(learning.train)
app.command("evaluate")(learning.evaluate)
app.command("collect")(learning.collect)
app.command("compare")(stages.compare)
app.command("promote")(stages.promote)
app.command("rollback")(stages.rollback)
