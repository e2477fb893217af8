"""The OpenAPI document: every operation says what it does, shows it, and says what can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from services.api.app import document

Json = dict[str, Any]
DOCUMENT = document()
METHODS = ("get", "put", "post", "delete", "patch")
OPEN = {"get_health", "post_session", "post_refresh", "get_oidc", "post_oidc"}


def operations() -> Iterator[Any]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield pytest.param(path, method, item[method], id=item[method]["operationId"])


def fits(schema: Json, example: Any) -> None:
    whole = {**schema, "components": DOCUMENT["components"]}
    errors = [
        f"{list(error.instance_path)}: {error.message}"
        for error in jsonschema_rs.validator_for(whole).iter_errors(example)
    ]
    assert not errors, errors


def test_the_document_is_sound() -> None:
    ids = [param.id for param in operations()]
    assert len(ids) == len(set(ids)) > 60
    assert DOCUMENT["openapi"].startswith("3.1")
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    used = {tag for param in operations() for tag in param.values[2]["tags"]}
    assert used <= tags
    assert all(path.startswith("/api/v1/") for path in DOCUMENT["paths"])
    (scheme,) = DOCUMENT["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema"})


@pytest.mark.parametrize(("path", "method", "operation"), list(operations()))
def test_every_operation_is_described_and_shown(path: str, method: str, operation: Json) -> None:
    assert 8 <= len(operation["summary"]) <= 100
    assert not operation["summary"].endswith(".")
    assert operation["description"].startswith(operation["summary"].split(":")[0][:20])
    assert operation["tags"]
    for parameter in operation.get("parameters", []):
        shown = parameter.get("example", *[list(parameter.get("examples", {}).values())[0:1]])
        assert "example" in parameter or shown, parameter["name"]
        if "example" in parameter:
            fits(parameter["schema"], parameter["example"])
    for media in operation.get("requestBody", {}).get("content", {}).values():
        fits(media["schema"], media["example"])
    answers = {int(status): answer for status, answer in operation["responses"].items()}
    good = [answer for status, answer in answers.items() if status < 400]
    assert good
    for answer in good:
        assert answer["description"]
        for kind, media in answer.get("content", {}).items():
            assert "example" in media, kind
            fits(media.get("schema", {}), media["example"])


@pytest.mark.parametrize(("path", "method", "operation"), list(operations()))
def test_every_operation_says_what_can_go_wrong(path: str, method: str, operation: Json) -> None:
    answers = {int(status): answer for status, answer in operation["responses"].items()}
    wrong = {status: answer for status, answer in answers.items() if status >= 400}
    assert {422, 429, 503} <= set(wrong)
    if operation.get("security"):
        assert {401, 403} <= set(wrong)
    else:
        assert operation["operationId"] in OPEN or path.startswith("/api/v1/owner/")
    if "{" in path:
        assert 404 in wrong
    if method != "get":
        assert 409 in wrong
    for status, answer in wrong.items():
        (kind,) = answer["content"]
        assert kind == "application/problem+json"
        media = answer["content"][kind]
        fits(media["schema"], media["example"])
        assert media["example"]["status"] == status
