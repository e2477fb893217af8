"""``zerodistance broker``: an MQTT 3.1.1 broker from a wheel, for the demo and for trying things out.

It keeps nothing on disk and carries about 2,000 messages a second; production runs Mosquitto.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Annotated

import typer
from amqtt.broker import Broker
from amqtt.errors import BrokerError

from zerodistance.errors import UnavailableError
from zerodistance.observability import configure
from zerodistance.settings import load_settings

app = typer.Typer()


@app.command()
def broker(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on", min=1, max=65535)] = 1883,
) -> None:
    """Run the embedded MQTT broker until SIGTERM or Ctrl-C."""
    configure(load_settings(), "broker")
    asyncio.run(_serve(host, port))


async def _serve(host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}", "max_connections": 1000}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    server = Broker(config)
    try:
        # tried beforehand: amqtt writes a traceback into the log before it raises
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            pass
        await server.start()
    except (BrokerError, OSError) as error:
        raise UnavailableError(
            f"The broker cannot listen on {host}:{port} ({error}): stop what runs there, or choose another "
            "--port."
        ) from error
    await stop.wait()
    await server.shutdown()
