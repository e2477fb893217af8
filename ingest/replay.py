"""Dead letters once more, through the same parser: after an adoption by itself, else on demand.

Replaying is safe at any time and any number of times: what the store has already merges with itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ingest.adapters.contract import Adapter
from ingest.adapters.memory import Memory
from ingest.adapters.translate import Translator
from ingest.forward import Delivery, Forwarder
from ingest.message import Entry
from ingest.parse import Parsed, Parser
from zerodistance.catalogue import Catalogue
from zerodistance.clock import Clock, to_us
from zerodistance.errors import InvalidMessageError, UnavailableError
from zerodistance.log.interface import Log
from zerodistance.messages import EVENTS, TELEMETRY, Reason, decode_event, decode_samples
from zerodistance.store import counts
from zerodistance.store.adapters import Mappings, load_memory
from zerodistance.store.database import Connection
from zerodistance.store.devices import DeviceEntry
from zerodistance.store.letters import note_actions

# Letters handled in one transaction: at most 64 KiB each.
SLICE = 200
_STORED_WITHIN_S = 20.0
# From one device that waits to the next, by the index dead_letter_waiting: what strangers have sent is never
# read through, however much it is. The condition is written out because an index is not found by a parameter.
_WAITS = "l.reason = 'unknown_device' AND l.replayed_at IS NULL AND l.dropped_at IS NULL"
_ADOPTED = (
    "WITH RECURSIVE waiting AS ("  # noqa: S608
    f" (SELECT l.device_id FROM dead_letter l WHERE {_WAITS} ORDER BY l.device_id LIMIT 1) UNION ALL"
    f" SELECT (SELECT l.device_id FROM dead_letter l WHERE {_WAITS} AND l.device_id > w.device_id"
    " ORDER BY l.device_id LIMIT 1) FROM waiting w WHERE w.device_id IS NOT NULL)"
    " SELECT l.id FROM waiting w JOIN device d ON d.id = w.device_id AND d.retired_at IS NULL"
    " AND d.disabled_at IS NULL"
    f" JOIN dead_letter l ON l.device_id = d.id AND {_WAITS} ORDER BY l.received_at, l.sample LIMIT %s"
)
# Letters of the consumers say "log topic/partition/offset" where ingest's say the MQTT topic.
_LOG_SOURCE = "log "


class Outcome(NamedTuple):
    """What became of the letters. ``refused``: letter id → the sentence that says why it still is."""

    replayed: int
    refused: dict[str, str]


class _Letter(NamedTuple):
    id: str
    source: str
    device: str
    received_us: int
    raw: bytes
    length: int


def replay_letters(
    conn: Connection,
    log: Log,
    ids: Sequence[str],
    *,
    catalogue: Catalogue,
    clock: Clock,
    adapters: Sequence[Adapter] = (),
    actor: str = "ingest",
) -> Outcome:
    """Put letters through the parser again and on the log; mark those that went through as replayed.

    Event times are judged by the present clock; the time of arrival stays the first one. What is refused
    again keeps its letter, with the present reason. The transaction ends with the call.

    Args:
        conn: autocommit off.
        log: where the records go.
        ids: letters; those replayed or dropped before, and unknown ones, are passed over.
        catalogue: the appliance types.
        clock: the platform's.
        adapters: for letters of other people's devices.
        actor: who wants it, for the letters' history.

    Raises:
        UnavailableError: the log did not take them; nothing is marked.
    """
    replayed, refused = 0, {}
    for start in range(0, len(ids), SLICE):
        done = _replay_slice(conn, log, ids[start : start + SLICE], catalogue, clock, adapters, actor)
        conn.commit()
        replayed += done.replayed
        refused.update(done.refused)
    return Outcome(replayed, refused)


def adopted_letters(conn: Connection, limit: int = SLICE) -> list[str]:
    """Return letters of devices that were unknown when they spoke and are registered now, oldest first."""
    rows = conn.execute(_ADOPTED, (limit,))
    return [row[0] for row in rows]


def _replay_slice(
    conn: Connection,
    log: Log,
    ids: Sequence[str],
    catalogue: Catalogue,
    clock: Clock,
    adapters: Sequence[Adapter],
    actor: str,
) -> Outcome:
    # Skip what another process replays at this moment: the letter is in good hands.
    letters = [
        _Letter(identity, source, device, to_us(received_at), bytes(raw), length)
        for identity, source, device, received_at, raw, length in conn.execute(
            "SELECT id, source, device_id, received_at, raw, length FROM dead_letter"
            " WHERE id = ANY(%s) AND replayed_at IS NULL AND dropped_at IS NULL"
            " ORDER BY received_at, sample FOR UPDATE SKIP LOCKED",
            (list(ids),),
        )
    ]
    refused: dict[str, tuple[str, str]] = {}
    accepted: list[tuple[_Letter, Parsed]] = []
    devices = _Devices(conn)
    parser = Parser(catalogue, devices.get, _foreign(conn, catalogue, devices, adapters))
    for letter in letters:
        if letter.length > len(letter.raw):
            refused[letter.id] = (
                Reason.TOO_LARGE,
                f"Only {len(letter.raw)} of its {letter.length} bytes were kept: it cannot be replayed.",
            )
            continue
        if letter.source.startswith(_LOG_SOURCE):
            try:
                accepted.append((letter, _read_record(letter)))
            except InvalidMessageError as error:
                refused[letter.id] = error.reason, str(error)
            continue
        parsed = parser.parse(
            letter.source,
            letter.raw,
            received_us=letter.received_us,
            now_us=clock.now_us(),
            only=letter.device,
        )
        again = parsed.letters[0] if len(parsed.letters) == 1 else None
        if again is not None and again.raw == letter.raw:
            reason = again.reason
            if reason == Reason.UNKNOWN_DEVICE and _is_in_use(devices.get(letter.device)):
                reason = Reason.NOT_A_CHILD  # it is the gateway that is not known; nothing waits for adoption
            refused[letter.id] = reason, again.detail
        else:
            accepted.append((letter, parsed))
    for identity, (reason, detail) in refused.items():
        conn.execute(
            "UPDATE dead_letter SET reason = %s, detail = %s WHERE id = %s", (reason, detail, identity)
        )
    if accepted:
        _put(log, accepted)
        conn.execute(
            "UPDATE dead_letter SET replayed_at = %s WHERE id = ANY(%s)",
            (clock.now(), [letter.id for letter, _ in accepted]),
        )
    actions = [(letter.id, "replayed", "") for letter, _ in accepted]
    actions += [(identity, "refused", detail) for identity, (_, detail) in refused.items()]
    note_actions(conn, actions, actor=actor, now=clock.now())
    counts.add(conn, {("replay", "replayed"): len(accepted), ("replay", "refused_again"): len(refused)})
    return Outcome(len(accepted), {identity: detail for identity, (_, detail) in refused.items()})


def _is_in_use(entry: Entry | None) -> bool:
    return entry is not None and not entry.retired


def _foreign(
    conn: Connection, catalogue: Catalogue, devices: _Devices, adapters: Sequence[Adapter]
) -> Translator | None:
    """Return a reader of other people's devices with a memory of its own: old letters teach nobody."""
    if not adapters:
        return None
    mappings = Mappings()
    mappings.refresh(conn)
    return Translator(adapters, catalogue, devices.get, Memory(load_memory(conn)), mappings.get)


def _read_record(letter: _Letter) -> Parsed:
    """Return what stands in a record of the log that a consumer could not take."""
    topic = letter.source.removeprefix(_LOG_SOURCE).split("/")[0]
    if topic == TELEMETRY:
        return Parsed(decode_samples(letter.raw), [], [])
    if topic == EVENTS:
        return Parsed([], [decode_event(letter.raw)], [])
    raise InvalidMessageError(
        Reason.UNREADABLE_RECORD, f"Records of {topic} are not replayed: the outbox sends what is due."
    )


def _put(log: Log, accepted: Sequence[tuple[_Letter, Parsed]]) -> None:
    producer = log.producer()
    forwarder = Forwarder(lambda: producer, log.partitions(TELEMETRY))
    try:
        for number, (letter, parsed) in enumerate(accepted):
            # of a payload with several samples, some may be refused still: each now has its own letter
            forwarder.take(Delivery(0, number, 0), len(letter.raw), *parsed[:3])
        forwarder.flush(force=True)
        producer.flush(_STORED_WITHIN_S)
        forwarder.collect()
        if not forwarder.idle:
            raise UnavailableError("The log did not take the replayed messages: try again when it runs.")
    finally:
        forwarder.close()


class _Devices:
    """The device table as the parser's directory, read within the transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._known: dict[str, Entry | None] = {}

    def get(self, device_id: str) -> Entry | None:
        if device_id not in self._known:
            row = self._conn.execute(
                "SELECT tenant_id, type, gateway_id, retired_at IS NOT NULL OR disabled_at IS NOT NULL"
                " FROM device WHERE id = %s",
                (device_id,),
            ).fetchone()
            self._known[device_id] = None if row is None else DeviceEntry(*row)
        return self._known[device_id]
