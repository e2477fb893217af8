from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.campaign_command_arguments import CampaignCommandArguments


T = TypeVar("T", bound="CampaignCommand")


@_attrs_define
class CampaignCommand:
    """A command for all appliances in a campaign that have not recovered.

    Attributes:
        name (str):
        arguments (CampaignCommandArguments | Unset):
        expires_in_s (float | Unset):  Default: 3600.0.
        version (int | None | Unset): that was seen; without it send If-Match with the ETag
    """

    name: str
    arguments: CampaignCommandArguments | Unset = UNSET
    expires_in_s: float | Unset = 3600.0
    version: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        arguments: dict[str, Any] | Unset = UNSET
        if not isinstance(self.arguments, Unset):
            arguments = self.arguments.to_dict()

        expires_in_s = self.expires_in_s

        version: int | None | Unset
        if isinstance(self.version, Unset):
            version = UNSET
        else:
            version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
            }
        )
        if arguments is not UNSET:
            field_dict["arguments"] = arguments
        if expires_in_s is not UNSET:
            field_dict["expires_in_s"] = expires_in_s
        if version is not UNSET:
            field_dict["version"] = version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.campaign_command_arguments import CampaignCommandArguments  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        _arguments = d.pop("arguments", UNSET)
        arguments: CampaignCommandArguments | Unset
        if isinstance(_arguments, Unset):
            arguments = UNSET
        else:
            arguments = CampaignCommandArguments.from_dict(_arguments)

        expires_in_s = d.pop("expires_in_s", UNSET)

        def _parse_version(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        version = _parse_version(d.pop("version", UNSET))

        campaign_command = cls(
            name=name,
            arguments=arguments,
            expires_in_s=expires_in_s,
            version=version,
        )

        return campaign_command
