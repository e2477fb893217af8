"""A model as bytes, by skops: no pickle, and nothing is built that is not on the list.

A skops file is a ZIP archive with a ``schema.json`` that names every type in it. skops by itself trusts
whatever scikit-learn, NumPy and SciPy offer; here the archive is read first, and every type and every
file in it must be one of those that our own training writes. What the numbers mean is not in the file
but in the card, which is plain JSON.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import skops.io
from skops.io.exceptions import UntrustedTypesFoundException

from models.learning.classifier import Learned, ModelError

TYPES = frozenset(
    {
        "builtins.dict",
        "builtins.list",
        "builtins.str",
        "builtins.tuple",
        "numpy.float64",
        "numpy.ndarray",
        "sklearn.linear_model._logistic.LogisticRegression",
    }
)
"""Every type that a model file may hold."""
NODES = frozenset({"DictNode", "JsonNode", "ListNode", "NdArrayNode", "ObjectNode", "TupleNode", "TypeNode"})
"""Every kind of node of skops that is loaded; above all none that calls a function."""
LARGEST = 8_000_000
"""Bytes that a file may have, packed or unpacked: ours have some tens of thousands."""
DEEPEST = 60


def dump(model: Learned) -> bytes:
    """Return the fitted classifier as a skops file; the rest of the model is :func:`describe`'s."""
    return bytes(skops.io.dumps(model.classifier))


def describe(model: Learned) -> dict[str, Any]:
    """Return, as JSON values, what a model is besides its classifier."""
    return {
        "features": list(model.features),
        "faults": list(model.faults),
        "covered": list(model.covered),
        "share": model.share,
        "likely": model.likely,
        "trust": list(model.trust),
        "sharpness": model.sharpness,
    }


def sha256(data: bytes) -> str:
    """Return the digest under which a file is registered."""
    return hashlib.sha256(data).hexdigest()


def load(version: str, data: bytes, digest: str, described: dict[str, Any]) -> Learned:
    """Return a model from its file and what its card says of it.

    Args:
        version: of the model.
        data: the file.
        digest: under which it was registered.
        described: as :func:`describe` gave it.

    Raises:
        ModelError: the file is another one, damaged, or names a type that is not on the list.
    """
    if sha256(data) != digest:
        raise ModelError(
            f"The file of {version} is not the one that was registered (its SHA-256 differs): train it anew."
        )
    check(version, data)
    try:
        classifier = skops.io.loads(data, trusted=[])
        covered = tuple(str(name) for name in described["covered"])
        model = Learned(
            version=version,
            features=tuple(map(str, described["features"])),
            faults=tuple(map(str, described["faults"])),
            covered=covered,
            share=float(described["share"]),
            likely=float(described["likely"]),
            classifier=classifier,
            trust=tuple(map(float, described["trust"])),
            sharpness=float(described["sharpness"]),
        )
        width = 2 * len(model.features) + len(model.faults) + 2
        fits = int(classifier.n_features_in_) == width and len(classifier.classes_) == len(covered)
    except UntrustedTypesFoundException as error:
        raise ModelError(f"The file of {version} holds a type that is not trusted: {error}") from error
    except Exception as error:  # whatever a damaged archive makes a library raise
        raise ModelError(f"The file of {version} cannot be read: {error!r}. Train it anew.") from error
    if not fits or len(model.trust) != len(model.faults) + 1:
        raise ModelError(f"The file of {version} does not fit its card: train it anew.")
    return model


def check(version: str, data: bytes) -> None:
    """Look through a file without building anything from it.

    Raises:
        ModelError: it is no archive, too large, or holds what is not on the lists.
    """
    if len(data) > LARGEST:
        raise ModelError(f"The file of {version} has {len(data)} bytes: no model is so large.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > LARGEST:
                raise ModelError(f"The file of {version} is too large unpacked: no model is so large.")
            odd = [e.filename for e in entries if not e.filename.endswith((".npy", "schema.json"))]
            schema = json.loads(archive.read("schema.json"))
    # zipfile raises NotImplementedError for a compression that it does not know: a file of somebody else's
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError, NotImplementedError, OSError) as error:
        raise ModelError(f"The file of {version} is no model: {error!r}.") from error
    found = {what for what in _named(schema, 0) if what not in TYPES and what not in NODES}
    if odd or found:
        listed = ", ".join(sorted([*found, *odd])[:5])
        raise ModelError(f"The file of {version} holds what no model of ours does: {listed}.")


def _named(node: Any, depth: int) -> Iterator[str]:
    """Yield every type and kind of node that a schema names, wherever it hides."""
    if depth > DEEPEST:
        yield "nesting without end"
        return
    if isinstance(node, dict):
        if "__class__" in node or "__module__" in node or "__loader__" in node:
            yield f"{node.get('__module__')}.{node.get('__class__')}"
            yield str(node.get("__loader__"))
        for key, value in node.items():
            if key not in ("__class__", "__module__", "__loader__"):
                yield from _named(value, depth + 1)
    elif isinstance(node, list):
        for value in node:
            yield from _named(value, depth + 1)
