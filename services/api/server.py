"""Run the API in this process until it is told to stop."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn

from services.accounts.first import make_first_account
from services.api.app import make_app
from services.transport import server_options
from zerodistance.errors import UnavailableError
from zerodistance.settings import Settings

# Requests under way get that long once the process is told to stop.
_GRACE_S = 5
_log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """Ends the streams of live changes first: uvicorn waits for open connections.

    Stopping when told to is no failure: uvicorn would raise the signal again and end by it.
    """

    def __init__(self, config: uvicorn.Config, before_exit: Callable[[], None]) -> None:
        super().__init__(config)
        self._before_exit = before_exit

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._before_exit()
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True  # Ctrl-C a second time
        self.should_exit = True


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        UnavailableError: the database does not answer, or the port cannot be listened on.
        SettingsError: the certificate cannot be used.
    """
    options = server_options(settings)
    app = make_app(settings)
    make_first_account(app.state.platform.pool, settings)
    config = uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
        **options,
    )
    server = _Server(config, app.state.platform.hub.end_streams)
    _log.info("serve.starts", host=settings.api_host, port=settings.api_port)
    try:
        server.run()
    except SystemExit as error:  # uvicorn's way to say that it could not listen
        raise UnavailableError(
            f"Port {settings.api_port} on {settings.api_host} cannot be listened on: stop what uses it, "
            "or choose another with ZD_API_PORT."
        ) from error
    finally:
        app.state.platform.close()
    if not server.started:
        raise UnavailableError(
            f"The API could not start on {settings.api_host}:{settings.api_port}: is the port taken? "
            "Choose another with ZD_API_PORT."
        )
