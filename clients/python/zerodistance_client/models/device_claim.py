from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.device_claim_mapping import DeviceClaimMapping


T = TypeVar("T", bound="DeviceClaim")


@_attrs_define
class DeviceClaim:
    """Adopt a device that waits; its dead letters are replayed.

    ``mapping`` says for readings of another maker's device which channel they are; an empty channel: not
    wanted. What is not named is placed by its name and unit where these leave no doubt.

        Attributes:
            type_ (str):
            household_id (None | str | Unset):
            mapping (DeviceClaimMapping | Unset):
            model (str | Unset):  Default: ''.
            name (str | Unset):  Default: ''.
    """

    type_: str
    household_id: None | str | Unset = UNSET
    mapping: DeviceClaimMapping | Unset = UNSET
    model: str | Unset = ""
    name: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        household_id: None | str | Unset
        if isinstance(self.household_id, Unset):
            household_id = UNSET
        else:
            household_id = self.household_id

        mapping: dict[str, Any] | Unset = UNSET
        if not isinstance(self.mapping, Unset):
            mapping = self.mapping.to_dict()

        model = self.model

        name = self.name

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
            }
        )
        if household_id is not UNSET:
            field_dict["household_id"] = household_id
        if mapping is not UNSET:
            field_dict["mapping"] = mapping
        if model is not UNSET:
            field_dict["model"] = model
        if name is not UNSET:
            field_dict["name"] = name

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_claim_mapping import DeviceClaimMapping  # noqa: PLC0415

        d = dict(src_dict)
        type_ = d.pop("type")

        def _parse_household_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        household_id = _parse_household_id(d.pop("household_id", UNSET))

        _mapping = d.pop("mapping", UNSET)
        mapping: DeviceClaimMapping | Unset
        if isinstance(_mapping, Unset):
            mapping = UNSET
        else:
            mapping = DeviceClaimMapping.from_dict(_mapping)

        model = d.pop("model", UNSET)

        name = d.pop("name", UNSET)

        device_claim = cls(
            type_=type_,
            household_id=household_id,
            mapping=mapping,
            model=model,
            name=name,
        )

        return device_claim
