"""What ingest owes the database: counts, the list of unclaimed devices, letters of adopted ones.

All of it may wait: while the database is away, messages go on to the log, and this catches up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from ingest.adapters.contract import Adapter
from ingest.adapters.memory import Memory
from ingest.limits import Flooder, FloodWatch
from ingest.replay import adopted_letters, replay_letters
from ingest.tally import Tally
from zerodistance.catalogue import Catalogue
from zerodistance.clock import Clock
from zerodistance.errors import NotFoundError, ZeroDistanceError
from zerodistance.log.interface import Log
from zerodistance.store import counts, credentials
from zerodistance.store.adapters import Mappings, save_memory
from zerodistance.store.database import Connection, Pool, translated
from zerodistance.store.devices import note_unclaimed

# A stranger can invent device ids as fast as it can publish; the list for people needs no more than this.
_MOST_UNCLAIMED = 1_000
_SAMPLE_TEXT = 500

_log = structlog.get_logger(__name__)


class Housekeeping:
    """A thread that brings counts and unclaimed devices to the database and replays letters on adoption.

    Args:
        pool: of the database.
        log: for replays.
        catalogue: the appliance types.
        clock: the platform's.
        tally: what is counted.
        every_s: real seconds between two rounds.
        adapters: of other people's devices, for replays.
        memory: what they learn; saved with each round.
        mappings: refreshed with each round.
        flood: names the devices that are to be put out of use.
    """

    def __init__(
        self,
        pool: Pool,
        log: Log,
        catalogue: Catalogue,
        clock: Clock,
        tally: Tally,
        *,
        every_s: float = 1.0,
        adapters: Sequence[Adapter] = (),
        memory: Memory | None = None,
        mappings: Mappings | None = None,
        flood: FloodWatch | None = None,
    ) -> None:
        self._pool = pool
        self._journal = log
        self._catalogue = catalogue
        self._clock = clock
        self._tally = tally
        self._every_s = every_s
        self._adapters = adapters
        self._memory = memory or Memory()
        self._mappings = mappings or Mappings()
        self._flood = flood or FloodWatch(0, 0)
        self._before_round: Callable[[], object] = lambda: None
        self._lock = threading.Lock()
        self._unclaimed: dict[str, tuple[datetime, str, str]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest-housekeeping", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def before_round(self, note: Callable[[], object]) -> None:
        """Have ``note`` called at the beginning of each round: what it learns is saved with it."""
        self._before_round = note

    def unclaimed(self, device: str, moment: datetime, payload: bytes, guessed_type: str = "") -> None:
        """Remember that an unknown device spoke; one entry a round for each, however much it says."""
        with self._lock:
            if device in self._unclaimed or len(self._unclaimed) < _MOST_UNCLAIMED:
                text = payload[:_SAMPLE_TEXT].decode("utf-8", "replace")
                self._unclaimed[device] = moment, text, guessed_type

    def close(self) -> None:
        """End the thread after a last round."""
        self._stop.set()
        self._thread.join(timeout=15)
        self.round()

    def round(self) -> None:
        """Bring everything to the database now; what fails is kept for the next round."""
        self._before_round()
        tallied = self._tally.drain()
        flooders = self._flood.drain()
        learnt = self._memory.drain()
        with self._lock:
            unclaimed, self._unclaimed = self._unclaimed, {}
        try:
            with translated(), self._pool.connection() as conn:
                known = conn.execute("SELECT id FROM device WHERE id = ANY(%s)", (list(unclaimed),))
                registered = {row[0] for row in known}  # claimed since it spoke
                for device, (moment, text, guessed) in sorted(unclaimed.items()):
                    if device not in registered:
                        note_unclaimed(conn, device, moment, text, guessed)
                if learnt:
                    save_memory(conn, learnt)
                if self._adapters:
                    self._mappings.refresh(conn)
                for flooder in flooders:
                    self._shut_out(conn, flooder)
                counts.add(conn, tallied)
        except ZeroDistanceError as error:
            self._tally.put_back(tallied)
            self._flood.put_back(flooders)
            self._memory.put_back(learnt)
            with self._lock:
                self._unclaimed = unclaimed | self._unclaimed
            _log.warning("ingest.database_waits", error=str(error))
            return
        try:
            self._replay_adopted()
        except ZeroDistanceError as error:
            _log.warning("ingest.replay_waits", error=str(error))

    def _shut_out(self, conn: Connection, flooder: Flooder) -> None:
        """Disable a device that keeps sending far more than it may."""
        reason = f"flooded: over twice its rate for {flooder.minutes} minutes"
        try:
            changed = credentials.disable(conn, flooder.device, reason, actor="ingest")
        except NotFoundError:
            return  # nobody has registered it: nothing of it is taken anyway
        if changed:
            _log.error("ingest.flooder_disabled", device=flooder.device, minutes=flooder.minutes)

    def _replay_adopted(self) -> None:
        with translated(), self._pool.connection() as conn:
            while not self._stop.is_set() and (ids := adopted_letters(conn)):
                outcome = replay_letters(
                    conn,
                    self._journal,
                    ids,
                    catalogue=self._catalogue,
                    clock=self._clock,
                    adapters=self._adapters,
                )
                self._tally.add("replayed", outcome.replayed)
                _log.info("ingest.replayed", letters=outcome.replayed, refused_again=len(outcome.refused))
                if not outcome.replayed and not outcome.refused:
                    return  # another process has them in hand

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self.round()
            except Exception:  # a thread that ended in silence would leave counts and adoptions undone
                _log.exception("ingest.housekeeping_failed")
