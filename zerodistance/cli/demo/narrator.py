"""Tell what happens as it happens: one line for each thing that somebody would care about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console

Json = dict[str, Any]

# What a state means in a sentence about the ticket; the engineer's words are the history's own note.
_WORDS = {
    "owner_asked": "ticket opened; the owner is asked, the engineer sees it",
    "owner_checked": "the owner says it is put right; waiting for the readings",
    "unanswered": "nobody answered in time",
    "recovered": "the readings are back to normal",
    "remote": "to be dealt with from afar",
    "on_site": "a visit is needed: on-site ticket",
    "planned": "visit planned",
    "visiting": "the engineer is there",
    "resolved": "repaired",
    "verified": "telemetry confirms the repair",
    "confirmed": "the owner confirms",
    "on_hold": "on hold",
    "closed": "closed",
    "cancelled": "cancelled",
    "merged": "merged into another ticket",
}


@dataclass
class Narrator:
    """Remembers what was told, so that each thing is told once.

    ``rate``: how many times as fast as real time the platform's clock runs.
    """

    console: Console
    rate: float
    lines: list[str] = field(default_factory=list)
    _told: set[tuple[str, str]] = field(default_factory=set)

    def say(self, moment: datetime, text: str) -> None:
        """Print and keep one line; ``moment`` is platform time."""
        line = f"{moment:%a %d %b %H:%M}  {text}"
        self.lines.append(line)
        self.console.print(line, highlight=False)

    def tell(self, tickets: list[Json]) -> None:
        """Tell what is new in whole tickets as the API gives them, in the order of time."""
        news: list[tuple[datetime, str, str, str]] = []
        for ticket in tickets:
            name = f"[bold]#{ticket['number']}[/] {ticket['device']['name'] or ticket['device']['id']}"
            for entry in ticket["history"]:
                text = f"{name}: {self._words(ticket, entry)}"
                news.append(
                    (datetime.fromisoformat(entry["time"]), ticket["id"], f"h{entry['version']}", text)
                )
            news += [
                (datetime.fromisoformat(message["answered_at"]), ticket["id"], f"a{message['id']}", text)
                for message in ticket["messages"]
                if message["answered_at"]
                for text in [f"{name}: the owner answers “{_answer(message)}”"]
            ]
            told = _told_at_once(ticket)
            if told is not None:
                apart_ms, moment = told
                real_ms = apart_ms / self.rate
                text = f"{name}: owner and engineer told by one event, {real_ms:.2f} ms apart"
                news.append((moment, ticket["id"], "told", text))
        for moment, ticket_id, what, text in sorted(news):
            if (ticket_id, what) not in self._told:
                self._told.add((ticket_id, what))
                self.say(moment, text)

    def _words(self, ticket: Json, entry: Json) -> str:
        if entry["from_state"] == entry["to_state"]:
            return str(entry["note"] or "more evidence")
        words = _WORDS[entry["to_state"]]
        if entry["from_state"] is None:
            words += f" — {ticket['cause_title']['en']} ({ticket['probability']:.0%})"
        if entry["to_state"] == "closed":
            words += f" ({ticket['outcome'].replace('_', ' ')}"
            words += ", no visit needed)" if ticket["visit_avoided"] else ")"
        return words


def _answer(message: Json) -> str:
    text = message["answers"].get(message["answer"], {})
    return str(text.get("en", message["answer"]))


def _told_at_once(ticket: Json) -> tuple[float, datetime] | None:
    """Return (platform milliseconds between the two first messages, when), once both are out."""
    first: dict[str, datetime] = {}
    for message in ticket["messages"]:
        if message["sent_at"]:
            sent = datetime.fromisoformat(message["sent_at"])
            first[message["audience"]] = min(sent, first.get(message["audience"], sent))
    if set(first) != {"owner", "engineer"}:
        return None
    apart = abs((first["owner"] - first["engineer"]).total_seconds()) * 1000
    return apart, max(first.values())
