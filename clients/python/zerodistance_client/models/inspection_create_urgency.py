from typing import Literal

InspectionCreateUrgency = Literal["routine", "soon", "urgent"]

INSPECTION_CREATE_URGENCY_VALUES: set[InspectionCreateUrgency] = {
    "routine",
    "soon",
    "urgent",
}


def check_inspection_create_urgency(value: str) -> InspectionCreateUrgency:
    if value in INSPECTION_CREATE_URGENCY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {INSPECTION_CREATE_URGENCY_VALUES!r}")
