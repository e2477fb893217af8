"""The life cycle as a Mermaid diagram and a table, made from the code's own table.

``python -m services.tickets.diagram docs/service.md`` brings the part of that file between its two marks
up to date; without a file it prints the part.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from services.policy import default_policy
from services.tickets.lifecycle import TABLE, TERMINAL, Demand, Move, Role, State

BEGIN = "<!-- made by services.tickets.diagram: begin -->"
END = "<!-- made by services.tickets.diagram: end -->"
# Possible from nearly everywhere: in the table, and out of the picture.
_UNDRAWN = frozenset({State.CANCELLED, State.MERGED})


def mermaid() -> str:
    """Return the state diagram; calling off and merging are left to the table."""
    lines = ["stateDiagram-v2"]
    for move in TABLE:
        if move.target in _UNDRAWN:
            continue
        source = move.source.value if move.source else "[*]"
        label = move.why.replace(":", " –")  # a colon ends a label
        lines.append(f"    {source} --> {move.target.value}: {label}")
    lines.append(f"    {State.CLOSED.value} --> [*]")
    return "\n".join(lines)


def moves_table() -> str:
    """Return every move as a Markdown table."""
    lines = ["| from | to | who | when | demands |", "| --- | --- | --- | --- | --- |"]
    for move in TABLE:
        cells = (
            move.source.value if move.source else "(new)",
            move.target.value,
            ", ".join(role.value for role in Role if role in move.who),
            move.why,
            _demands(move),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def levels_table() -> str:
    """Return the response and resolution times as a Markdown table."""
    policy = default_policy()
    lines = ["| urgency | respond within | resolve within | clock |", "| --- | --- | --- | --- |"]
    for name, level in policy.levels.items():
        rule = policy.calendars[level.calendar]
        runs = f"{', '.join(rule.days)} {rule.begin}–{rule.until}" if rule.days else "day and night"
        lines.append(f"| {name} | {level.respond_h:g} h | {level.resolve_h:g} h | {runs} |")
    return "\n".join(lines)


def section() -> str:
    """Return the generated part of docs/service.md, marks included."""
    finished = ", ".join(f"`{state.value}`" for state in State if state in TERMINAL)
    return "\n\n".join(
        (
            BEGIN,
            f"```mermaid\n{mermaid()}\n```",
            f"Finished: {finished}.",
            moves_table(),
            levels_table(),
            END,
        )
    )


def renew(text: str) -> str:
    """Return a document with its generated part made anew.

    Raises:
        ValueError: the document lacks one of the two marks.
    """
    begin, end = text.index(BEGIN), text.index(END) + len(END)
    return text[:begin] + section() + text[end:]


def main(arguments: Sequence[str]) -> None:
    """Print the generated part, or write it into the file that is named."""
    if not arguments:
        sys.stdout.write(section() + "\n")
        return
    path = Path(arguments[0])
    path.write_text(renew(path.read_text(encoding="utf-8")), encoding="utf-8")


def _demands(move: Move) -> str:
    return ", ".join(demand.value for demand in Demand if demand in move.demands) or "–"


if __name__ == "__main__":
    main(sys.argv[1:])
