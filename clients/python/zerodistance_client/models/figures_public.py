from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.engineer_figures_public import EngineerFiguresPublic


T = TypeVar("T", bound="FiguresPublic")


@_attrs_define
class FiguresPublic:
    """Figures over the tickets opened since some day; shares are 0 to 1, null where nothing counts.

    * ``tickets``: opened, without those that became part of another or of a campaign.
    * ``proactive_share``: of them, those that no person had to report.
    * ``precision``: of the platform's tickets on which somebody looked, those whose cause was there:
      confirmed by an engineer, or put right by the owner. What recovered by itself says nothing.
    * ``false_per_device_year``: visits of the platform's making that found nothing.
    * ``lead_time_days``: median from the opening of a predicted, confirmed ticket to the predicted failure.
    * ``first_time_fix``: of repairs, those done in one visit that were needed only once.
    * ``sla_kept``: of resolved tickets, those responded to and resolved in time.
    * ``satisfaction``: index 0 to 100.
    * ``visits_avoided``: closed without a visit by somebody's doing: an owner who was asked, or a command.
    * ``money_saved``: ``visits_avoided`` times the assumed cost of a visit.
    * ``cost_per_ticket``: visits to all tickets times that cost, over the tickets; parts are not in it.
    * ``availability``: share of device time without an urgent incident, from its onset until dealt with.

        Attributes:
            cost_of_visit (float):
            currency (str):
            engineers (list[EngineerFiguresPublic]):
            false_per_device_year (float | None):
            first_time_fix (float | None):
            lead_time_days (float | None):
            money_saved (float):
            precision (float | None):
            proactive_share (float | None):
            ratings (int):
            satisfaction (float | None):
            since (datetime.datetime):
            sla_kept (float | None):
            tickets (int):
            visits_avoided (int):
            availability (float | None | Unset):
            cost_per_ticket (float | None | Unset):
    """

    cost_of_visit: float
    currency: str
    engineers: list[EngineerFiguresPublic]
    false_per_device_year: float | None
    first_time_fix: float | None
    lead_time_days: float | None
    money_saved: float
    precision: float | None
    proactive_share: float | None
    ratings: int
    satisfaction: float | None
    since: datetime.datetime
    sla_kept: float | None
    tickets: int
    visits_avoided: int
    availability: float | None | Unset = UNSET
    cost_per_ticket: float | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        cost_of_visit = self.cost_of_visit

        currency = self.currency

        engineers = []
        for engineers_item_data in self.engineers:
            engineers_item = engineers_item_data.to_dict()
            engineers.append(engineers_item)

        false_per_device_year: float | None
        false_per_device_year = self.false_per_device_year

        first_time_fix: float | None
        first_time_fix = self.first_time_fix

        lead_time_days: float | None
        lead_time_days = self.lead_time_days

        money_saved = self.money_saved

        precision: float | None
        precision = self.precision

        proactive_share: float | None
        proactive_share = self.proactive_share

        ratings = self.ratings

        satisfaction: float | None
        satisfaction = self.satisfaction

        since = self.since.isoformat()

        sla_kept: float | None
        sla_kept = self.sla_kept

        tickets = self.tickets

        visits_avoided = self.visits_avoided

        availability: float | None | Unset
        if isinstance(self.availability, Unset):
            availability = UNSET
        else:
            availability = self.availability

        cost_per_ticket: float | None | Unset
        if isinstance(self.cost_per_ticket, Unset):
            cost_per_ticket = UNSET
        else:
            cost_per_ticket = self.cost_per_ticket

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cost_of_visit": cost_of_visit,
                "currency": currency,
                "engineers": engineers,
                "false_per_device_year": false_per_device_year,
                "first_time_fix": first_time_fix,
                "lead_time_days": lead_time_days,
                "money_saved": money_saved,
                "precision": precision,
                "proactive_share": proactive_share,
                "ratings": ratings,
                "satisfaction": satisfaction,
                "since": since,
                "sla_kept": sla_kept,
                "tickets": tickets,
                "visits_avoided": visits_avoided,
            }
        )
        if availability is not UNSET:
            field_dict["availability"] = availability
        if cost_per_ticket is not UNSET:
            field_dict["cost_per_ticket"] = cost_per_ticket

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.engineer_figures_public import EngineerFiguresPublic  # noqa: PLC0415

        d = dict(src_dict)
        cost_of_visit = d.pop("cost_of_visit")

        currency = d.pop("currency")

        engineers = []
        _engineers = d.pop("engineers")
        for engineers_item_data in _engineers:
            engineers_item = EngineerFiguresPublic.from_dict(engineers_item_data)

            engineers.append(engineers_item)

        def _parse_false_per_device_year(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        false_per_device_year = _parse_false_per_device_year(d.pop("false_per_device_year"))

        def _parse_first_time_fix(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        first_time_fix = _parse_first_time_fix(d.pop("first_time_fix"))

        def _parse_lead_time_days(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        lead_time_days = _parse_lead_time_days(d.pop("lead_time_days"))

        money_saved = d.pop("money_saved")

        def _parse_precision(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        precision = _parse_precision(d.pop("precision"))

        def _parse_proactive_share(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        proactive_share = _parse_proactive_share(d.pop("proactive_share"))

        ratings = d.pop("ratings")

        def _parse_satisfaction(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        satisfaction = _parse_satisfaction(d.pop("satisfaction"))

        since = datetime.datetime.fromisoformat(d.pop("since"))

        def _parse_sla_kept(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        sla_kept = _parse_sla_kept(d.pop("sla_kept"))

        tickets = d.pop("tickets")

        visits_avoided = d.pop("visits_avoided")

        def _parse_availability(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        availability = _parse_availability(d.pop("availability", UNSET))

        def _parse_cost_per_ticket(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        cost_per_ticket = _parse_cost_per_ticket(d.pop("cost_per_ticket", UNSET))

        figures_public = cls(
            cost_of_visit=cost_of_visit,
            currency=currency,
            engineers=engineers,
            false_per_device_year=false_per_device_year,
            first_time_fix=first_time_fix,
            lead_time_days=lead_time_days,
            money_saved=money_saved,
            precision=precision,
            proactive_share=proactive_share,
            ratings=ratings,
            satisfaction=satisfaction,
            since=since,
            sla_kept=sla_kept,
            tickets=tickets,
            visits_avoided=visits_avoided,
            availability=availability,
            cost_per_ticket=cost_per_ticket,
        )

        return figures_public
