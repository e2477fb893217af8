"""The process: MQTT in, validated records on the log out, acknowledged once the log has them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from ingest.adapters.choose import choose_adapters
from ingest.adapters.homeassistant import HomeAssistant, topics_of
from ingest.adapters.memory import Memory
from ingest.adapters.translate import Translator
from ingest.forward import MAX_MESSAGES, Delivery, Forwarder
from ingest.housekeeping import Housekeeping
from ingest.letters import Quota, make_letter
from ingest.limits import LETTERS_PER_HOUR, FloodWatch, Limits
from ingest.mqtt import SUBSCRIPTION, Arrival, Subscriber, subscription
from ingest.parse import Parsed, Parser
from ingest.sysinfo import TOPICS, BrokerWatch
from ingest.tally import CONNECTED, WAITING, Tally
from zerodistance.catalogue import load_catalogue
from zerodistance.clock import Clock
from zerodistance.errors import StoreError, UnavailableError
from zerodistance.garbage import settle
from zerodistance.log import open_log
from zerodistance.log.interface import Log
from zerodistance.messages import LOG_TOPICS, TELEMETRY, DeadLetter, Reason, split_mqtt_topic
from zerodistance.settings import Settings
from zerodistance.store.adapters import Mappings, load_memory
from zerodistance.store.database import Pool, open_pool, translated
from zerodistance.store.devices import Registry

# How long a stop waits for the log; what it has not taken by then comes again from the broker.
_DRAIN_S = 10.0
_TURN_S = 0.1
_TELL_S = 0.1
# After a turn that brought few messages the next one waits a little, so that more come together.
_WORTH_A_TURN = 200
_GATHER_S = 0.002
_LONGEST_PAUSE_S = 10.0
# Letters of an external device that nobody has adopted: homes are full of sensors that are no appliance.
STRANGERS_PER_HOUR = 120
_FILTERS = "ingest.filters"
_HEARD = "ingest.heard_us"

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")


class Ingest:
    """Parser, log and broker joined; driven by :meth:`turn` in one thread.

    Args:
        settings: ``mqtt``, ``mqtt_client_id`` and ``mqtt_share`` are read.
        parser: turns messages into records.
        log: with the platform's topics.
        clock: the platform's.
        tally: counts.
        note_unclaimed: called with (device, moment, payload) for devices that nobody has registered.
        quota: how many letters a device may have.
        filters: subscriptions for other people's devices.
        unwanted: such subscriptions of an earlier run, to be given up.
        flood: told of messages beyond a device's rate.
        heard_us: when an earlier run last read messages, platform time.
    """

    def __init__(
        self,
        settings: Settings,
        parser: Parser,
        log: Log,
        clock: Clock,
        tally: Tally,
        note_unclaimed: Callable[..., None],
        quota: Quota | None = None,
        *,
        filters: Sequence[str] = (),
        unwanted: Sequence[str] = (),
        flood: FloodWatch | None = None,
        heard_us: int | None = None,
    ) -> None:
        self.limits = Limits(settings.device_rate, settings.device_burst, heard_us=heard_us)
        self._flood = flood or FloodWatch(settings.device_rate, 0)
        self._rate_quota = Quota(per_hour=LETTERS_PER_HOUR)
        self._watch = BrokerWatch()
        self._taken = 0
        self._now_us = clock.now_us()
        self._parser = parser
        self._clock = clock
        self._tally = tally
        self._note_unclaimed = note_unclaimed
        self._quota = quota or Quota()
        self._strangers_quota = Quota(per_hour=STRANGERS_PER_HOUR)
        self.broker = Subscriber(
            settings.mqtt,
            settings.mqtt_client_id,
            self._arrived,
            window=MAX_MESSAGES,
            filters=[*filters, *TOPICS],
            unwanted=unwanted,
            share=settings.mqtt_share,
            on_read=self._look_at_the_clock,
        )
        self.forwarder = Forwarder(log.producer, log.partitions(TELEMETRY), wake=self.broker.wake)

    def turn(self, *, reading: bool = True) -> None:
        """Read what the broker has, hand on what is due, acknowledge what is stored.

        Args:
            reading: False while stopping: nothing new is taken.
        """
        listens = reading and self.broker.connected and not self.forwarder.full
        self.limits.listening(listens, self._clock.now_us())
        pause = self.forwarder.pause_s()
        timeout = _TURN_S if pause is None else min(_TURN_S, pause)
        self.broker.turn(timeout, lambda: reading and not self.forwarder.full)
        for delivery in self.forwarder.collect():
            self.broker.acknowledge(*delivery)
        self.forwarder.flush(force=not reading)
        self.broker.write()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop``, then drain: what was taken is stored and acknowledged."""
        tell_at = 0.0
        while not stop.is_set():
            taken = self._taken
            self.turn()
            now = time.monotonic()
            if now >= tell_at:
                tell_at = now + _TELL_S
                CONNECTED.set(self.broker.connected)
                WAITING.set(self.forwarder.waiting)
            if 0 < self._taken - taken < _WORTH_A_TURN:
                # a turn costs as much for one message as for a hundred, and the broker sends them one by one
                time.sleep(_GATHER_S)
        deadline = time.monotonic() + _DRAIN_S
        while not self.forwarder.idle and time.monotonic() < deadline:
            self.turn(reading=False)
        if not self.forwarder.idle:
            _log.warning("ingest.not_drained", messages=self.forwarder.waiting)
        self.broker.close()
        self.forwarder.close()

    def _look_at_the_clock(self) -> None:
        self._now_us = self._clock.now_us()

    def _arrived(self, message: Arrival) -> None:
        self._taken += 1
        received_us = self._now_us
        if not self.limits.allows(message.topic, len(message.payload), received_us):
            self._refuse(message, received_us)
            return
        if message.topic.startswith("$SYS/"):
            self._hear_broker(message)
            return
        parsed = self._parser.parse(
            message.topic, message.payload, received_us=received_us, retained=message.retained
        )
        strangers = {stranger.device for stranger in parsed.strangers}
        kept = [letter for letter in parsed.letters if self._is_allowed(letter, strangers)]
        self._tally.message(parsed, len(parsed.letters) - len(kept))
        for device in parsed.unclaimed:
            self._note_unclaimed(device, self._clock.now(), message.payload)
        for stranger in parsed.strangers:
            said = stranger.text.encode("utf-8", "replace")
            self._note_unclaimed(stranger.device, self._clock.now(), said, stranger.guessed_type)
        if parsed.topics:
            self.broker.listen(parsed.topics)
        for request in parsed.requests:
            self.broker.publish(*request)
        delivery = Delivery(message.connection, message.mid, message.qos)
        self.forwarder.take(delivery, len(message.payload), parsed.samples, parsed.events, kept)

    def _refuse(self, message: Arrival, received_us: int) -> None:
        """Count a message beyond its device's rate, unread; keep it while the hour's allowance lasts."""
        self._flood.refused(message.topic, received_us)
        letters = []
        place = split_mqtt_topic(message.topic)
        device = place[0] if place is not None else ""
        if self._rate_quota.allows(device, received_us):
            letters.append(
                make_letter(
                    Reason.RATE_LIMITED,
                    "The device sends more than ZD_DEVICE_RATE and ZD_DEVICE_BURST allow.",
                    topic=message.topic,
                    device=device,
                    raw=message.payload,
                    received_us=received_us,
                    retained=message.retained,
                )
            )
            self._tally.message(Parsed([], [], letters), 0)
        else:
            self._tally.unread(Reason.RATE_LIMITED)
        delivery = Delivery(message.connection, message.mid, message.qos)
        self.forwarder.take(delivery, len(message.payload), (), (), letters)

    def _hear_broker(self, message: Arrival) -> None:
        dropped = self._watch.note(message.topic, message.payload)
        if dropped:
            self._tally.add("dropped_by_broker", dropped)
        self.forwarder.take(Delivery(message.connection, message.mid, message.qos), len(message.payload))

    def _is_allowed(self, letter: DeadLetter, strangers: set[str]) -> bool:
        unknown = letter.reason == Reason.UNKNOWN_DEVICE and letter.device in strangers
        return (self._strangers_quota if unknown else self._quota).allows(letter.device, letter.received_us)


def run(settings: Settings, stop: threading.Event) -> None:
    """Run ingest until ``stop`` is set; waits for servers that are not there yet.

    Raises:
        SettingsError: an address is malformed, or an adapter is not known.
        CatalogueError: a catalogue file is wrong.
        LogError: the log's topics have another number of partitions.
        StoreError: the database is not migrated.
    """
    clock = settings.make_clock()
    catalogue = load_catalogue(settings.catalogue_folders())
    adapters = choose_adapters(settings.adapters, settings.adapters_zone)
    pool = _patiently(lambda: open_pool(settings, size=3), stop)
    if pool is None:
        return
    registry: Registry | None = None
    log: Log | None = None
    try:
        log = _patiently(lambda: _open_log(settings), stop)
        registry = _patiently(lambda: _open_registry(pool), stop)
        if log is None or registry is None:
            return
        remembered = _patiently(lambda: _load_memory(pool), stop)
        if remembered is None:
            return
        memory, mappings = remembered
        tally = Tally()
        flood = FloodWatch(settings.device_rate, settings.flood_minutes)
        housekeeping = Housekeeping(
            pool,
            log,
            catalogue,
            clock,
            tally,
            adapters=adapters,
            memory=memory,
            mappings=mappings,
            flood=flood,
        )
        foreign = Translator(adapters, catalogue, registry.get, memory, mappings.get) if adapters else None
        filters = foreign.filters if foreign is not None else []
        before: list[str] = memory.recall(_FILTERS, settings.mqtt_client_id) or []
        if any(isinstance(adapter, HomeAssistant) for adapter in adapters):
            filters += [topic for topic in topics_of(memory) if topic not in filters]
        else:
            before = [*before, *topics_of(memory)]
        own = subscription(settings.mqtt_share)
        if own != SUBSCRIPTION:
            before = [*before, SUBSCRIPTION]
        if foreign is not None or before:
            memory.learn(
                _FILTERS, settings.mqtt_client_id, [*(foreign.filters if foreign is not None else []), own]
            )
        ingest = Ingest(
            settings,
            Parser(catalogue, registry.get, foreign),
            log,
            clock,
            tally,
            housekeeping.unclaimed,
            filters=filters,
            unwanted=[one for one in dict.fromkeys(before) if one not in (*filters, own)],
            flood=flood,
            heard_us=memory.recall(_HEARD, settings.mqtt_client_id),
        )
        housekeeping.before_round(
            lambda: memory.learn(_HEARD, settings.mqtt_client_id, _tenth_minute(ingest.limits.heard_us))
        )
        housekeeping.start()
        _log.info("ingest.started", mqtt=ingest.broker.protocol, devices=len(registry))
        settle()
        try:
            ingest.run(stop)
        finally:
            housekeeping.close()
        _log.info("ingest.stopped")
    finally:
        if registry is not None:
            registry.close()
        if log is not None:
            log.close()
        pool.close()


def _tenth_minute(moment_us: int | None) -> int | None:
    """Return the moment to six seconds: what is written down need not change with each round."""
    return None if moment_us is None else moment_us // 6_000_000 * 6_000_000


def _open_log(settings: Settings) -> Log:
    log = open_log(settings.log_address(), client_id=settings.mqtt_client_id)
    try:
        log.create_topics(LOG_TOPICS, settings.log_partitions)
    except BaseException:
        log.close()
        raise
    return log


def _load_memory(pool: Pool) -> tuple[Memory, Mappings]:
    mappings = Mappings()
    try:
        with translated(), pool.connection() as conn:
            mappings.refresh(conn)
            return Memory(load_memory(conn)), mappings
    except StoreError as error:
        raise StoreError(f"{error} Run `zerodistance migrate` first.") from error


def _open_registry(pool: Pool) -> Registry:
    try:
        return Registry(pool)
    except StoreError as error:
        raise StoreError(f"{error} Run `zerodistance migrate` first.") from error


def _patiently(attempt: Callable[[], _T], stop: threading.Event) -> _T | None:
    """Return what ``attempt`` gives, trying again while a server is unavailable; None when stopped."""
    pause = 0.5
    while not stop.is_set():
        try:
            return attempt()
        except UnavailableError as error:
            _log.warning("ingest.waits", error=str(error), next_try_s=pause)
            stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
    return None
