"""Choose the log by its address."""

from __future__ import annotations

import re

from zerodistance.errors import SettingsError
from zerodistance.log.interface import Log

_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}")
_SILENCE = re.compile(r"silence_s=([1-9]\d{0,2}(?:\.\d+)?)")
_PREFIX = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


def open_log(address: str, *, client_id: str = "zerodistance", silence_s: float = 10.0) -> Log:
    """Open ``kafka://host:port[,host:port…][/prefix]`` or ``sqlite:///absolute/path``.

    A prefix is put before the names of topics and groups, so that several installations (or tests) share
    a cluster. ``?silence_s=3`` behind either says how soon others take over from a member that fell silent.

    Args:
        address: where the log is.
        client_id: the name under which the brokers' logs and metrics know this client.
        silence_s: real seconds without a sign of life after which a group's member loses its partitions,
            where the address says nothing of it.

    Raises:
        SettingsError: for any other address.
        UnavailableError: when the brokers do not answer, or the file cannot be written.
    """
    scheme, separator, rest = address.partition("://")
    rest, asked, option = rest.partition("?")
    if asked:
        said = _SILENCE.fullmatch(option)
        if said is None:
            raise _not_understood(address)
        silence_s = float(said[1])
    if separator and scheme == "kafka":
        hosts, prefix = parse_kafka(address, rest)
        from zerodistance.log.kafka import KafkaLog

        return KafkaLog(hosts, prefix=prefix, client_id=client_id, session_s=silence_s)
    if separator and scheme == "sqlite" and rest.startswith("/"):
        from zerodistance.log.sqlite import SqliteLog

        return SqliteLog("/" + rest.lstrip("/"), lease_s=silence_s)
    raise _not_understood(address)


def parse_kafka(address: str, rest: str) -> tuple[list[str], str]:
    """Return the brokers and the prefix of what follows ``kafka://``.

    Raises:
        SettingsError: for a host without a port, or a prefix that no topic may have.

    >>> parse_kafka("", "a:9092,b:9092/test")
    (['a:9092', 'b:9092'], 'test')
    >>> parse_kafka("", "a:9092")
    (['a:9092'], '')
    """
    hosts, _, prefix = rest.partition("/")
    brokers = [host.strip() for host in hosts.split(",")]
    if not all(_HOST.fullmatch(broker) for broker in brokers) or (prefix and not _PREFIX.fullmatch(prefix)):
        raise _not_understood(address)
    return brokers, prefix


def _not_understood(address: str) -> SettingsError:
    return SettingsError(
        f"ZD_LOG={address!r} is not understood: write kafka://host:port[,host:port…][/prefix] "
        "or sqlite:///absolute/path, with ?silence_s=SECONDS behind it or without."
    )
