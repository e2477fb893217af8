"""docs/api.md says what the code does."""

from __future__ import annotations

from pathlib import Path

from services.api.reference import errors_table, write_into

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_tables_are_those_of_the_code() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert write_into(text) == text, "run: python -m services.api.reference docs/api.md"


def test_every_code_that_callers_meet_is_in_the_table() -> None:
    table = errors_table()
    for code in (
        "conflict", "forbidden", "illegal_move", "invalid_request", "not_found", "precondition_failed",
        "precondition_required", "too_many_requests", "unauthenticated", "unavailable", "too_large",
        "idempotency_key_reused", "idempotency_in_progress", "idempotency_answer_gone",
    ):  # fmt: skip
        assert f"| `{code}` |" in table, code
