"""Structured logs for people and machines, and counters for Prometheus, set up in one place."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

from zerodistance.errors import UnavailableError
from zerodistance.printable import printable

if TYPE_CHECKING:
    from zerodistance.settings import Settings


def log_to_stderr() -> None:
    """Keep standard output free of log lines, also in commands that set up nothing else."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


def configure(settings: Settings, process: str) -> None:
    """Set up logging to standard error for ``process`` and, if asked for, its metrics port.

    Raises:
        UnavailableError: the metrics port cannot be listened on.
    """
    level = getattr(logging, settings.log_level.upper())
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _make_printable,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_PrintableFormatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    if settings.metrics_port:
        from prometheus_client import start_http_server

        try:
            start_http_server(settings.metrics_port)
        except OSError as error:
            raise UnavailableError(
                f"Metrics cannot be served on port {settings.metrics_port} ({error.strerror}): stop what "
                "uses it, or set another ZD_METRICS_PORT for each process."
            ) from error


def _make_printable(
    _logger: object, _method: str, entry: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Write out what would end a line or steer a terminal: much of what is logged was sent by somebody.

    What is not a text is written with ``repr`` or as JSON, which do so themselves.
    """
    for name, value in entry.items():
        if isinstance(value, str):
            entry[name] = printable(value, lines=name == "exception")
    return entry


class _PrintableFormatter(logging.Formatter):
    """The same for what libraries log."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a trace below it keeps its lines."""
        return printable(super().format(record), lines=record.exc_info is not None)
