"""All dashboards, and their files."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from dashboards.appliance import build_appliance
from dashboards.fleet import build_fleet
from dashboards.pipeline import build_pipeline
from dashboards.service import build_service
from zerodistance.catalogue import Catalogue
from zerodistance.errors import SettingsError

Document = dict[str, Any]


def all_dashboards(catalogue: Catalogue) -> dict[str, Document]:
    """Return every dashboard by its short name: fleet, service, pipeline and one for each type."""
    documents = {
        "fleet": build_fleet(catalogue),
        "service": build_service(catalogue),
        "pipeline": build_pipeline(),
    }
    for name, appliance in catalogue.items():
        documents[f"type-{name}"] = build_appliance(appliance)
    return dict(sorted(documents.items()))


def render(document: Document) -> str:
    """Return a dashboard as the text of its file: sorted and indented, so that changes read as changes."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_dashboards(documents: dict[str, Document], folder: Path) -> list[Path]:
    """Write one file for each dashboard and remove those of types that are gone.

    Each file is replaced in one step: Grafana reads the folder while it is written.

    Raises:
        SettingsError: when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob("zd-*.json"):
            if stale.stem not in {document["uid"] for document in documents.values()}:
                stale.unlink()
        return [
            _replace(folder / f"{document['uid']}.json", render(document)) for document in documents.values()
        ]
    except OSError as error:
        raise SettingsError(
            f"The dashboards cannot be written to {folder}: {error.strerror or error}. Choose a folder that "
            "this user may write, with --out."
        ) from error


def _replace(path: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(name, 0o644)  # another user runs Grafana
    os.replace(name, path)
    return path
