"""Write the typed Python client anew out of the OpenAPI document: ``make client``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from services.api.app import document

HERE = Path(__file__).parent
DOCUMENT = HERE / "python" / "openapi.json"
PACKAGE = HERE / "python" / "zerodistance_client"


def text() -> str:
    """Return the document as it is kept: a change of the API is a change of its lines."""
    return json.dumps(document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write(given: Path, package: Path) -> None:
    """Write the package of a document.

    Args:
        given: the document.
        package: folder of the package; what was there goes.

    Raises:
        subprocess.CalledProcessError: the generator did not do it.
    """
    # The generator looks for its formatter on the path: the one of this environment.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--path", str(given)),
            *("--meta", "none", "--output-path", str(package), "--overwrite"),
            *("--config", str(HERE / "config.yml"), "--fail-on-warning"),
        ],
        env={**os.environ, "PATH": path},
        check=True,
    )
    (package / "py.typed").write_text("")


def main() -> None:
    """Write document and package."""
    DOCUMENT.write_text(text(), encoding="utf-8")
    write(DOCUMENT, PACKAGE)


if __name__ == "__main__":
    main()
