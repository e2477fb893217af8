"""Pushing to Grafana, and the command line, against a small server that answers as Grafana's API does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboards.build import all_dashboards
from dashboards.push import FOLDER_UID, push_dashboards
from tests.fixtures.processes import free_port
from zerodistance.catalogue import Catalogue
from zerodistance.cli.dashboards import app
from zerodistance.errors import (
    ForbiddenError,
    SettingsError,
    UnauthenticatedError,
    UnavailableError,
    ZeroDistanceError,
)

TOKEN = "glsa_right"


class RecordingGrafana:
    """Keeps folders and dashboards as Grafana's HTTP API takes them; fails as told."""

    def __init__(self) -> None:
        self.folders: dict[str, str] = {}
        self.boards: dict[str, dict[str, Any]] = {}
        self.fail_with = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                uid = self.path.rsplit("/", 1)[1]
                if uid in outer.folders:
                    self._answer(200, {"uid": uid, "title": outer.folders[uid]})
                else:
                    self._answer(404, {"message": "folder not found"})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/api/folders":
                    outer.folders[body["uid"]] = body["title"]
                    self._answer(200, body)
                else:
                    uid = body["dashboard"]["uid"]
                    outer.boards[uid] = body
                    self._answer(200, {"uid": uid, "url": f"/d/{uid}/x", "status": "success"})

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                if self.headers["Authorization"] != f"Bearer {TOKEN}":
                    status, body = 401, {"message": "Invalid API key"}
                elif outer.fail_with:
                    status, body = outer.fail_with, {"message": "told to fail"}
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def grafana() -> Iterator[RecordingGrafana]:
    server = RecordingGrafana()
    yield server
    server.close()


def test_all_arrive_in_their_folder_and_a_second_time_replaces_them(
    grafana: RecordingGrafana, catalogue: Catalogue
) -> None:
    documents = all_dashboards(catalogue)
    for _ in range(2):
        addresses = push_dashboards(documents, grafana.url, TOKEN)
    assert grafana.folders == {FOLDER_UID: "Zero Distance"}
    assert set(grafana.boards) == {document["uid"] for document in documents.values()}
    for body in grafana.boards.values():
        assert (body["folderUid"], body["overwrite"]) == (FOLDER_UID, True)
    assert grafana.boards["zd-fleet"]["dashboard"] == documents["fleet"]
    assert addresses[0] == f"{grafana.url}/d/zd-fleet/x"


@pytest.mark.parametrize(
    ("status", "error"), [(403, ForbiddenError), (412, SettingsError), (500, UnavailableError)]
)
def test_what_grafana_refuses_is_said_in_our_words(
    grafana: RecordingGrafana, catalogue: Catalogue, status: int, error: type[ZeroDistanceError]
) -> None:
    grafana.fail_with = status
    with pytest.raises(error):
        push_dashboards(all_dashboards(catalogue), grafana.url, TOKEN)


def test_wrong_token_no_server_no_address(grafana: RecordingGrafana, catalogue: Catalogue) -> None:
    documents = all_dashboards(catalogue)
    with pytest.raises(UnauthenticatedError, match="Service accounts"):
        push_dashboards(documents, grafana.url, "glsa_wrong")
    with pytest.raises(UnavailableError, match="is it running"):
        push_dashboards(documents, f"http://127.0.0.1:{free_port()}", TOKEN)
    with pytest.raises(SettingsError, match=r"host\[:port\]"):
        push_dashboards(documents, "grafana.example", TOKEN)


def test_command_line(grafana: RecordingGrafana, tmp_path: Path) -> None:
    run = CliRunner().invoke
    built = run(app, ["build", "--out", str(tmp_path / "out"), "--json"])
    assert built.exit_code == 0
    files = json.loads(built.stdout)["files"]
    assert str(tmp_path / "out/zd-fleet.json") in files
    listed = json.loads(run(app, ["show", "--json"]).stdout)
    assert {row["uid"] + ".json" for row in listed} == {Path(path).name for path in files}
    assert "Fleet overview" in run(app, ["show"]).stdout
    assert json.loads(run(app, ["show", "service"]).stdout)["uid"] == "zd-service"
    assert run(app, ["show", "nothing"]).exit_code == 2
    assert run(app, ["push", "--url", grafana.url]).exit_code == 2
    pushed = run(app, ["push", "--url", grafana.url], env={"ZD_GRAFANA_TOKEN": TOKEN})
    assert pushed.exit_code == 0
    assert f"{grafana.url}/d/zd-fleet/x" in pushed.stdout
    assert len(grafana.boards) == len(files)
