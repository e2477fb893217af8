"""Send dashboards to a running Grafana through its HTTP API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from grafana_client import GrafanaApi, TokenAuth
from grafana_client.client import GrafanaClientError, GrafanaException

from dashboards.build import Document
from zerodistance.errors import ForbiddenError, SettingsError, UnauthenticatedError, UnavailableError

FOLDER_UID = "zero-distance"
FOLDER_TITLE = "Zero Distance"
_TIMEOUT_S = 10.0


def push_dashboards(documents: dict[str, Document], url: str, token: str) -> list[str]:
    """Create or replace the dashboards in their folder and return their addresses.

    Args:
        documents: as :func:`dashboards.build.all_dashboards` gives them.
        url: where Grafana answers, for example ``http://127.0.0.1:3000``.
        token: of a service account with the role Editor.

    Raises:
        UnauthenticatedError: Grafana does not accept the token.
        ForbiddenError: the token's service account may not edit dashboards.
        UnavailableError: no Grafana answers there.
        SettingsError: the address is none, or Grafana refused a dashboard.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"{url!r} is not Grafana's address: write http(s)://host[:port].")
    addresses = []
    with _translated(url):
        grafana = GrafanaApi.from_url(url, credential=TokenAuth(token), timeout=_TIMEOUT_S)
        _ensure_folder(grafana)
        for document in documents.values():
            answer = grafana.dashboard.update_dashboard(
                {
                    "dashboard": document,
                    "folderUid": FOLDER_UID,
                    "overwrite": True,
                    "message": "built from the catalogue",
                }
            )
            addresses.append(f"{parts.scheme}://{parts.netloc}{answer['url']}")
    return addresses


def _ensure_folder(grafana: GrafanaApi) -> None:
    try:
        grafana.folder.get_folder(FOLDER_UID)
    except GrafanaClientError as error:
        if error.status_code != 404:
            raise
        grafana.folder.create_folder(FOLDER_TITLE, FOLDER_UID)


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except GrafanaClientError as error:
        if error.status_code == 401:
            raise UnauthenticatedError(
                "Grafana does not accept the token: make one under Administration, Service accounts."
            ) from error
        if error.status_code == 403:
            raise ForbiddenError(
                "The token's service account may not edit dashboards: give it the role Editor."
            ) from error
        raise SettingsError(f"Grafana at {url} refused: {error.message}.") from error
    except GrafanaException as error:
        raise UnavailableError(f"Grafana at {url} does not answer: {error.message}.") from error
    except OSError as error:  # the HTTP library's errors are OSErrors
        raise UnavailableError(f"Grafana at {url} cannot be reached: is it running there?") from error
