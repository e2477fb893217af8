"""Choose the log by its address."""

from __future__ import annotations

from zerodistance.errors import SettingsError
from zerodistance.log.interface import Log


def open_log(address: str, *, client_id: str = "zerodistance") -> Log:
    """Open ``kafka://host:port[,host:port…]`` or ``sqlite:///path``.

    Raises:
        SettingsError: for any other address.
        UnavailableError: when the brokers do not answer.
    """
    scheme, separator, rest = address.partition("://")
    if separator and scheme == "kafka":
        from zerodistance.log.kafka import KafkaLog

        return KafkaLog(rest.split(","), client_id=client_id)
    if separator and scheme == "sqlite":
        from zerodistance.log.sqlite import SqliteLog

        return SqliteLog(rest)
    raise SettingsError(
        f"ZD_LOG={address!r} is not understood: write kafka://host:port or sqlite:///absolute/path."
    )
