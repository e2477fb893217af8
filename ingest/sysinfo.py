"""What the broker says of itself under ``$SYS``: an alarm before its queues are full, another when it drops.

Mosquitto drops messages to a subscriber whose queue is full without telling anybody but this counter
(mosquitto.conf(5), ``max_queued_messages``). Devices that wait for receipts send them again; those of
others are lost, so it must not pass unnoticed.
"""

from __future__ import annotations

from typing import Final

import structlog
from prometheus_client import Gauge

_DROPPED: Final = "$SYS/broker/publish/messages/dropped"
_MESSAGES: Final = "$SYS/broker/store/messages/count"
_BYTES: Final = "$SYS/broker/store/messages/bytes"
_CLIENTS: Final = "$SYS/broker/clients/connected"
TOPICS: Final = (_DROPPED, _MESSAGES, _BYTES, _CLIENTS)

# max_queued_messages and max_queued_bytes of deploy/mosquitto.conf. The store counts a message once for
# all subscribers, so it is never more than our queue and what is retained; the alarm comes at half of it.
MOST_MESSAGES = 1_000_000
MOST_BYTES = 805_306_368

_GAUGES = {
    _DROPPED: Gauge("zd_broker_dropped", "Messages that the broker has dropped since it started"),
    _MESSAGES: Gauge("zd_broker_stored_messages", "Messages in the broker's store, retained ones too"),
    _BYTES: Gauge("zd_broker_stored_bytes", "Bytes of the messages in the broker's store"),
    _CLIENTS: Gauge("zd_broker_clients", "Clients connected to the broker"),
}
_log = structlog.get_logger(__name__)


class BrokerWatch:
    """Reads the broker's own figures as they arrive.

    Args:
        most_messages: how many messages may be queued for ingest.
        most_bytes: how many bytes.
    """

    def __init__(self, most_messages: int = MOST_MESSAGES, most_bytes: int = MOST_BYTES) -> None:
        self._alarm_at = {_MESSAGES: most_messages // 2, _BYTES: most_bytes // 2}
        self._dropped: int | None = None
        self._alarmed: set[str] = set()

    def note(self, topic: str, payload: bytes) -> int:
        """Take one figure and return how many messages have been dropped since the one before."""
        gauge = _GAUGES.get(topic)
        try:
            value = int(payload)
        except ValueError:
            return 0
        if gauge is None:
            return 0
        gauge.set(value)
        if topic == _DROPPED:
            return self._note_dropped(value)
        limit = self._alarm_at.get(topic)
        if limit is not None:
            self._note_level(topic, value, limit)
        return 0

    def _note_dropped(self, total: int) -> int:
        before, self._dropped = self._dropped, total
        if before is None:
            return 0  # dropped before we listened: counted by whoever ran then
        dropped = total - before if total >= before else total  # the broker was started anew
        if dropped:
            _log.error("broker.dropped_messages", messages=dropped, since_start=total)
        return dropped

    def _note_level(self, topic: str, value: int, limit: int) -> None:
        if value >= limit and topic not in self._alarmed:
            self._alarmed.add(topic)
            _log.error("broker.queue_fills", figure=topic, value=value, dropping_at=2 * limit)
        elif value < limit // 2:
            self._alarmed.discard(topic)
