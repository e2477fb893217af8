"""Model files: they come back as they went, and what was tampered with is refused before it does anything."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from models.learning import files
from models.learning.classifier import Learned, ModelError
from models.learning.training import prepare, train
from models.plan import TypePlan, make_plan
from tests.learning.incidents import make
from zerodistance.catalogue import Catalogue


@pytest.fixture(scope="module")
def plan(catalogue: Catalogue) -> TypePlan:
    return make_plan(catalogue["refrigerator"])


@pytest.fixture(scope="module")
def model(plan: TypePlan) -> Learned:
    return train(plan, prepare(plan, make(plan, 8)), "refrigerator-1")


@pytest.fixture(scope="module")
def data(model: Learned) -> bytes:
    return files.dump(model)


def _load(data: bytes, model: Learned) -> Learned:
    return files.load("refrigerator-1", data, files.sha256(data), files.describe(model))


def test_it_comes_back_as_it_went(plan: TypePlan, model: Learned, data: bytes) -> None:
    described = json.loads(json.dumps(files.describe(model)))  # as through the database
    again = files.load("refrigerator-1", data, files.sha256(data), described)
    ready = prepare(plan, make(plan, 5, seed=7))
    arguments = (ready.counted, ready.weights, ready.creeping)
    np.testing.assert_array_equal(again.bind(plan).many(*arguments), model.bind(plan).many(*arguments))
    assert (again.version, again.likely, again.covered) == (model.version, model.likely, model.covered)


def test_another_file_than_the_registered_one_is_refused(model: Learned, data: bytes) -> None:
    with pytest.raises(ModelError, match="SHA-256"):
        files.load("refrigerator-1", data + b" ", files.sha256(data), files.describe(model))


def _edited(
    data: bytes, edit: Callable[[dict[str, Any]], None], extra: dict[str, bytes] | None = None
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "schema.json":
                schema = json.loads(content)
                edit(schema)
                content = json.dumps(schema).encode()
            new.writestr(name, content)
        for name, content in (extra or {}).items():
            new.writestr(name, content)
    return out.getvalue()


def _call(schema: dict[str, Any]) -> None:
    """Put a call of os.system where an attribute stood."""
    schema["content"]["content"]["max_iter"] = {
        "__class__": "system",
        "__module__": "os",
        "__loader__": "FunctionNode",
        "content": {"module_path": "os", "function": "system"},
    }


def _reduce(schema: dict[str, Any]) -> None:
    schema["content"]["content"]["max_iter"] = {
        "__class__": "Popen",
        "__module__": "subprocess",
        "__loader__": "ReduceNode",
        "content": ["touch", "/tmp/never"],
    }


def _trusted_type_of_another_kind(schema: dict[str, Any]) -> None:
    """A type on our list, loaded by a node that is not."""
    schema["__loader__"] = "MethodNode"


def _rename(schema: dict[str, Any]) -> None:
    schema["__module__"], schema["__class__"] = "sklearn.svm._classes", "SVC"


@pytest.mark.parametrize("edit", [_call, _reduce, _trusted_type_of_another_kind, _rename])
def test_what_was_tampered_with_is_refused_though_its_digest_was_too(
    model: Learned, data: bytes, edit: Callable[[dict[str, Any]], None]
) -> None:
    with pytest.raises(ModelError, match="no model of ours"):
        _load(_edited(data, edit), model)


def test_what_skops_itself_would_trust_is_refused_all_the_same(model: Learned) -> None:
    other = bytes(skops.io.dumps(CountVectorizer(analyzer=str.split)))
    with pytest.raises(ModelError, match="no model of ours"):
        _load(other, model)


def test_a_file_beside_the_arrays_is_refused(model: Learned, data: bytes) -> None:
    with pytest.raises(ModelError, match=r"payload\.pkl"):
        _load(_edited(data, lambda schema: None, {"payload.pkl": b"\x80\x04."}), model)


def test_a_classifier_that_does_not_fit_its_card_is_refused(model: Learned) -> None:
    small = LogisticRegression().fit(np.eye(4), [0, 1, 0, 1])
    with pytest.raises(ModelError, match="does not fit"):
        _load(bytes(skops.io.dumps(small)), model)


def test_a_bomb_is_not_unpacked(model: Learned) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * (files.LARGEST + 1))
    with pytest.raises(ModelError, match="unpacked"):
        _load(out.getvalue(), model)
    with pytest.raises(ModelError, match="bytes"):
        _load(b" " * (files.LARGEST + 1), model)


def test_endless_nesting_is_refused(model: Learned, data: bytes) -> None:
    def nest(schema: dict[str, Any]) -> None:
        node: Any = {}
        for _ in range(300):
            node = [node]
        schema["content"]["deep"] = node

    with pytest.raises(ModelError):
        _load(_edited(data, nest), model)


@settings(max_examples=60, deadline=None)
@given(where=st.integers(0, 10**6), value=st.integers(0, 255), keep=st.integers(0, 10**6))
def test_damage_of_any_kind_gives_a_model_or_one_kind_of_error(
    where: int, value: int, keep: int, model: Learned, data: bytes
) -> None:
    damaged = bytearray(data)
    damaged[where % len(damaged)] = value
    for broken in (bytes(damaged), data[: keep % len(data)]):
        with contextlib.suppress(ModelError):
            _load(broken, model)
