from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.health_file_level import HealthFileLevel, check_health_file_level

if TYPE_CHECKING:
    from ..models.concern_public import ConcernPublic


T = TypeVar("T", bound="HealthFile")


@_attrs_define
class HealthFile:
    """How an appliance is: what the diagnosis sees now, and what has been.

    ``level``: act (something urgent is open, or it is silent), watch (something is open), well.

        Attributes:
            concerns (list[ConcernPublic]):
            installed_at (datetime.datetime | None):
            last_inspection_at (datetime.datetime | None):
            level (HealthFileLevel):
            tickets_a_year (int):
            visits_a_year (int):
            warranty_until (datetime.date | None):
    """

    concerns: list[ConcernPublic]
    installed_at: datetime.datetime | None
    last_inspection_at: datetime.datetime | None
    level: HealthFileLevel
    tickets_a_year: int
    visits_a_year: int
    warranty_until: datetime.date | None

    def to_dict(self) -> dict[str, Any]:
        concerns = []
        for concerns_item_data in self.concerns:
            concerns_item = concerns_item_data.to_dict()
            concerns.append(concerns_item)

        installed_at: None | str
        if isinstance(self.installed_at, datetime.datetime):
            installed_at = self.installed_at.isoformat()
        else:
            installed_at = self.installed_at

        last_inspection_at: None | str
        if isinstance(self.last_inspection_at, datetime.datetime):
            last_inspection_at = self.last_inspection_at.isoformat()
        else:
            last_inspection_at = self.last_inspection_at

        level: str = self.level

        tickets_a_year = self.tickets_a_year

        visits_a_year = self.visits_a_year

        warranty_until: None | str
        if isinstance(self.warranty_until, datetime.date):
            warranty_until = self.warranty_until.isoformat()
        else:
            warranty_until = self.warranty_until

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "concerns": concerns,
                "installed_at": installed_at,
                "last_inspection_at": last_inspection_at,
                "level": level,
                "tickets_a_year": tickets_a_year,
                "visits_a_year": visits_a_year,
                "warranty_until": warranty_until,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.concern_public import ConcernPublic  # noqa: PLC0415

        d = dict(src_dict)
        concerns = []
        _concerns = d.pop("concerns")
        for concerns_item_data in _concerns:
            concerns_item = ConcernPublic.from_dict(concerns_item_data)

            concerns.append(concerns_item)

        def _parse_installed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                installed_at_type_0 = datetime.datetime.fromisoformat(data)

                return installed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        installed_at = _parse_installed_at(d.pop("installed_at"))

        def _parse_last_inspection_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_inspection_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_inspection_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_inspection_at = _parse_last_inspection_at(d.pop("last_inspection_at"))

        level = check_health_file_level(d.pop("level"))

        tickets_a_year = d.pop("tickets_a_year")

        visits_a_year = d.pop("visits_a_year")

        def _parse_warranty_until(data: object) -> datetime.date | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                warranty_until_type_0 = datetime.date.fromisoformat(data)

                return warranty_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None, data)

        warranty_until = _parse_warranty_until(d.pop("warranty_until"))

        health_file = cls(
            concerns=concerns,
            installed_at=installed_at,
            last_inspection_at=last_inspection_at,
            level=level,
            tickets_a_year=tickets_a_year,
            visits_a_year=visits_a_year,
            warranty_until=warranty_until,
        )

        return health_file
