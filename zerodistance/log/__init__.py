"""The log: topics with partitions and offsets, on Apache Kafka or in one SQLite file.

Consumers do not know which of the two they read. A consumer that keeps its offsets in the database
together with its rows passes ``on_assigned`` and seeks there; one that does not, commits here.
"""

from zerodistance.log.interface import (
    Assigned,
    Consumer,
    Log,
    Producer,
    Record,
    Revoked,
    TopicPartition,
)
from zerodistance.log.opening import open_log

__all__ = ["Assigned", "Consumer", "Log", "Producer", "Record", "Revoked", "TopicPartition", "open_log"]
