"""Reading the form of a technician's measurement. Pure."""

from __future__ import annotations

import math

from pydantic import ValidationError
from starlette.datastructures import FormData

from services.console.words import ENGLISH, Words
from services.service_schemas import InspectionCreate


def read_inspection(form: FormData, words: Words = ENGLISH) -> InspectionCreate:
    """Read a measurement; a comma may stand for the decimal point.

    Raises:
        ValueError: with the sentence that says what to correct.
    """
    value, low, high = (_number(form, name, words) for name in ("value", "low", "high"))
    note = _text(form, "note")
    if value is None and not note:
        raise ValueError(words("inspection.nothing"))
    if low is not None and high is not None and low > high:
        raise ValueError(words("inspection.bad_order"))
    try:
        return InspectionCreate(
            quantity=_text(form, "quantity"),
            value=value,
            unit=_text(form, "unit"),
            low=low,
            high=high,
            note=note,
            cause=_text(form, "cause") or "unknown",
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "form"
        said = words(f"inspection.{field}") if words.knows(f"inspection.{field}") else field
        raise ValueError(words("ticket.bad_field", field=said, why=first["msg"].lower())) from error


def _number(form: FormData, name: str, words: Words) -> float | None:
    text = _text(form, name)
    if not text:
        return None
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(words("inspection.bad_number", what=words(f"inspection.{name}")))
    return number


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""
