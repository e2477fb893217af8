"""How much one device may say: a token bucket for each topic, and who keeps running against it.

Mosquitto limits sizes, queues and connections, but no message rate, so the rate is held here, before a
message is decoded. The bucket is kept as a virtual schedule (the generic cell rate algorithm, ITU-T I.371,
annex A): one number for a topic, the moment at which everything it has sent would have been due at the
allowed rate. A message is refused when that moment lies further ahead than the burst allows.

What a broker kept while nobody listened comes in a rush, and is no flood: for as long as ingest was away, or
did not read because the log was away, the burst is wider by what that time allows
(:meth:`Limits.listening`).

Time is platform time (``ZD_CLOCK``): a fleet at 200 × speed is measured by its own clock. Pure, one thread
but for :meth:`FloodWatch.drain`.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import NamedTuple

from zerodistance.messages.topics import split_mqtt_topic

# A payload costs one more message for each of these: 256 KiB, the largest that is taken, cost 17.
_SIZE_SHIFT = 14
# A gateway speaks for a whole home or floor.
GATEWAY_FACTOR = 10
_CHILDREN = "/children"
# Ours, on their way down, which ingest hears as well: a gateway gets a receipt for each of its children.
_OURS = ("/stored", "/command")
# Longer topics that begin alike share an allowance: whoever invents topics must not fill the memory.
_LONGEST_KEY = 256
# Topics looked after at the least; a schedule that has run out is forgotten when there are more.
_TRACKED = 200_000
_MINUTE_US = 60_000_000
# What is kept of a flood, for people to look at.
LETTERS_PER_HOUR = 100


class Limits:
    """Whether a message is within what its topic may carry.

    Args:
        rate: messages a second, on average; 0: no limit. Topics of gateways' children may carry
            :data:`GATEWAY_FACTOR` times that.
        burst: messages at once, after a rest.
        heard_us: when ingest last listened to the broker, None: never before.
        tracked: topics to remember at least.
    """

    def __init__(
        self, rate: float, burst: int, *, heard_us: int | None = None, tracked: int = _TRACKED
    ) -> None:
        self._cost_us = round(1_000_000 / rate) if rate > 0 else 0
        self._burst_us = self._tolerance_us = burst * self._cost_us
        self._tracked = self._prune_at = tracked
        self._due: dict[str, int] = {}
        self._heard_us = heard_us
        self._extra_us = self._gap_us = 0
        self._extra_until_us = 0

    def allows(self, topic: str, size: int, now_us: int) -> bool:
        """Take one message of ``size`` bytes off the topic's allowance; False: it has none left.

        >>> limits = Limits(rate=1, burst=2)
        >>> [limits.allows("zd/v1/a/telemetry", 90, 0) for _ in range(3)]
        [True, True, False]
        >>> limits.allows("zd/v1/a/telemetry", 90, 1_000_000), limits.allows("zd/v1/b/telemetry", 90, 0)
        (True, True)
        """
        cost = self._cost_us
        if not cost:
            return True
        if topic.endswith(_OURS) and split_mqtt_topic(topic) is not None:
            return True
        if len(topic) > _LONGEST_KEY:
            topic = topic[:_LONGEST_KEY]
        if size >> _SIZE_SHIFT:
            cost *= 1 + (size >> _SIZE_SHIFT)
        if topic.endswith(_CHILDREN):
            cost //= GATEWAY_FACTOR
        due = self._due.get(topic)
        if due is None:
            if len(self._due) >= self._prune_at:
                self._prune(now_us)
            due = now_us
        elif due < now_us:
            due = now_us
        due += cost
        if due - now_us > self._tolerance_us:
            return False
        self._due[topic] = due
        return True

    def listening(self, listens: bool, now_us: int) -> None:
        """Say whether messages are being read at this moment; to be called a few times a second.

        What was sent while nobody read may come at once: the burst grows by that time, for that time.
        """
        if self._heard_us is None:
            self._heard_us = now_us
        if not listens:
            self._gap_us = max(0, now_us - self._heard_us)
        else:
            if self._gap_us or now_us > self._extra_until_us:
                self._extra_us = self._gap_us + (self._extra_us if now_us < self._extra_until_us else 0)
                self._extra_until_us = max(self._extra_until_us, now_us) + self._gap_us
                self._gap_us = 0
            self._heard_us = now_us
        self._tolerance_us = self._burst_us + self._extra_us + self._gap_us

    @property
    def heard_us(self) -> int | None:
        """When messages were last read, for the next run."""
        return self._heard_us

    def __len__(self) -> int:
        return len(self._due)

    def _prune(self, now_us: int) -> None:
        self._due = {topic: due for topic, due in self._due.items() if due > now_us}
        self._prune_at = max(self._tracked, 2 * len(self._due))


class Flooder(NamedTuple):
    """A device that kept sending more than it may: ``refused`` messages in the last of ``minutes``."""

    device: str
    refused: int
    minutes: int


class FloodWatch:
    """Tells who is refused so much, for so long, that it should be put out of use.

    Once over the rate is a mistake or a reconnection; a minute counts when as many messages were refused
    in it as a device may send at all in a minute, so when it sent twice what it may.

    Args:
        rate: messages a second, as in :class:`Limits`.
        minutes: so many of them on end make a flooder; 0: nobody is one.
    """

    def __init__(self, rate: float, minutes: int) -> None:
        self._least = max(1, round(rate * 60))
        self._minutes = minutes
        self._minute = -1
        self._refused: Counter[str] = Counter()
        self._streaks: dict[str, int] = {}
        self._found: list[Flooder] = []
        self._lock = threading.Lock()

    def refused(self, topic: str, now_us: int) -> None:
        """Note a message that :class:`Limits` refused."""
        minute = now_us // _MINUTE_US
        if minute != self._minute:
            unbroken = minute == self._minute + 1
            over = {device for device, count in self._refused.items() if count >= self._least}
            self._streaks = {device: self._streaks.get(device, 0) + 1 for device in over if unbroken}
            self._minute = minute
            self._refused.clear()
        place = split_mqtt_topic(topic)
        if place is None or not self._minutes:
            return
        device = place[0]
        self._refused[device] += 1
        if self._refused[device] == self._least and self._streaks.get(device, 0) + 1 >= self._minutes:
            with self._lock:
                self._found.append(Flooder(device, self._refused[device], self._minutes))

    def drain(self) -> list[Flooder]:
        """Return the flooders found since the last call; from any thread."""
        with self._lock:
            found, self._found = self._found, []
        return found

    def put_back(self, flooders: list[Flooder]) -> None:
        """Take back what could not be acted on; the next :meth:`drain` returns it again."""
        with self._lock:
            self._found = flooders + self._found
