"""``zerodistance console``: the staff's live console, a process of its own."""

from __future__ import annotations

import signal
import socket

import typer
import uvicorn

from zerodistance.errors import UnavailableError
from zerodistance.observability import configure
from zerodistance.settings import load_settings

app = typer.Typer()


@app.command()
def console() -> None:
    """Serve the console at ZD_CONSOLE_HOST:ZD_CONSOLE_PORT; it speaks to the API at ZD_API_URL."""
    from services.console.app import make_app
    from services.transport import server_options

    settings = load_settings()
    configure(settings, "console")
    options = server_options(settings)
    application = make_app(settings)

    class Server(uvicorn.Server):
        """Ends the open live streams first: they would hold the server up until its patience ends."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            application.state.desk.feed.close()
            await super().shutdown(sockets)

    try:
        family = socket.AF_INET6 if ":" in settings.console_host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.console_host, settings.console_port))
    except OSError as error:
        raise UnavailableError(
            f"The console cannot listen on {settings.console_host}:{settings.console_port} "
            f"({error.strerror}): stop what uses it, or set ZD_CONSOLE_PORT."
        ) from error
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"Console at http{'s' if settings.tls_cert else ''}://{shown}:{port}")
    config = uvicorn.Config(
        application, log_level="warning", timeout_graceful_shutdown=5, access_log=False, **options
    )
    server = Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # The server raises the signal again once it has stopped: that must not look like a crash.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server.run(sockets=[listener])
