"""``zerodistance certificates``: the platform's authority, and certificates of its servers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from zerodistance.access.authority import CA_FILE, SERVER_DAYS, Authority
from zerodistance.access.files import make_folder, write_atomically
from zerodistance.cli import print_json
from zerodistance.settings import load_settings

app = typer.Typer()

SERVER_CERT, SERVER_KEY = "server.pem", "server.key"
# Written anew when less than this is left of it.
_RENEW = timedelta(days=30)


@app.command()
def certificates(
    host: Annotated[
        list[str], typer.Option(help="host name or IP address that clients use; may be repeated")
    ],
    out: Annotated[
        Path | None, typer.Option(help="folder for server.pem, server.key and ca.pem; default: ZD_CA_DIR")
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=3650, help="how long the server certificate holds")
    ] = SERVER_DAYS,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """Make the authority in ZD_CA_DIR unless it is there, and a server certificate for --host.

    A server certificate that still holds for a month, for the same hosts, by the same authority, is left.
    """
    folder = load_settings().ca_folder()
    authority = Authority.create(folder)
    target = out or folder
    make_folder(target)
    made = not _is_good(target, host, authority)
    if made:
        issued = authority.issue_server(host, days=days)
        write_atomically(target / SERVER_KEY, issued.key_pem.encode(), 0o640)
        write_atomically(target / SERVER_CERT, (issued.certificate_pem + issued.ca_pem).encode(), 0o644)
    if target != folder:
        write_atomically(target / CA_FILE, authority.ca_pem.encode(), 0o644)
    if as_json:
        print_json(
            {
                "ca": target / CA_FILE,
                "certificate": target / SERVER_CERT,
                "key": target / SERVER_KEY,
                "made": made,
            }
        )
        return
    typer.echo(
        f"{target / SERVER_CERT} {'is made' if made else 'still holds'} for {', '.join(host)}; "
        f"clients trust {target / CA_FILE}. Keep {folder} and its key to yourself."
    )


def _is_good(folder: Path, hosts: list[str], authority: Authority) -> bool:
    """Tell whether the folder's certificate still does."""
    try:
        chain = x509.load_pem_x509_certificates((folder / SERVER_CERT).read_bytes())
        names = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        key_is_there = (folder / SERVER_KEY).exists()
    except (OSError, ValueError, x509.ExtensionNotFound, IndexError):
        return False
    return (
        key_is_there
        and chain[0].not_valid_after_utc - datetime.now(UTC) > _RENEW
        and {str(name.value) for name in names} == set(hosts)
        and authority.signed(chain[0])
    )
