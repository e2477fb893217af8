"""What adapters learn from one message for the next: birth certificates, discovery, the last known state.

Two sorts: *lasting* knowledge is carried over a restart by the database (:mod:`zerodistance.store.adapters`),
since the message that it came from may not come again; *passing* knowledge is rebuilt within minutes. Both
are bounded: whoever invents names must not fill the memory.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

MOST_ENTRIES = 50_000

_Key = tuple[str, str]


class Memory:
    """Entries by kind and key; the values are of JSON's types and are replaced, never changed in place.

    Args:
        lasting: what was learnt before, by (kind, key).
    """

    def __init__(self, lasting: Mapping[_Key, Any] | None = None) -> None:
        self._lasting: dict[str, dict[str, Any]] = {}
        self._passing: dict[str, dict[str, Any]] = {}
        self._changed: set[_Key] = set()
        self._lock = threading.Lock()
        for (kind, key), value in (lasting or {}).items():
            self._lasting.setdefault(kind, {})[key] = value

    def recall(self, kind: str, key: str) -> Any:
        """Return a lasting entry, None if there is none."""
        return self._lasting.get(kind, {}).get(key)

    def entries(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Go through the lasting entries of a kind."""
        yield from list(self._lasting.get(kind, {}).items())

    def learn(self, kind: str, key: str, value: Any) -> bool:
        """Remember for good; False when as much is remembered as may be."""
        entries = self._lasting.setdefault(kind, {})
        known = entries.get(key)
        if known == value and known is not None:
            return True
        if known is None and len(entries) >= MOST_ENTRIES:
            return False
        entries[key] = value
        with self._lock:
            self._changed.add((kind, key))
        return True

    def forget(self, kind: str, key: str) -> None:
        """Remember no longer."""
        if self._lasting.get(kind, {}).pop(key, None) is not None:
            with self._lock:
                self._changed.add((kind, key))

    def last(self, kind: str, key: str) -> Any:
        """Return a passing entry, None if there is none."""
        return self._passing.get(kind, {}).get(key)

    def note(self, kind: str, key: str, value: Any) -> None:
        """Remember for a while: when there is too much of a kind, all of it is given up."""
        entries = self._passing.setdefault(kind, {})
        if key not in entries and len(entries) >= MOST_ENTRIES:
            entries.clear()
        entries[key] = value

    def drain(self) -> dict[_Key, Any]:
        """Return the lasting entries that changed since the last call; None: forgotten."""
        with self._lock:
            changed, self._changed = self._changed, set()
        return {(kind, key): self.recall(kind, key) for kind, key in changed}

    def put_back(self, changed: Mapping[_Key, Any]) -> None:
        """Have the next :meth:`drain` return these again."""
        with self._lock:
            self._changed.update(changed)
