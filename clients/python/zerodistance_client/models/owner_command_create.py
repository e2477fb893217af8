from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.owner_command_create_arguments import OwnerCommandCreateArguments


T = TypeVar("T", bound="OwnerCommandCreate")


@_attrs_define
class OwnerCommandCreate:
    """What an owner tells an appliance to do: the owner's own wish is the consent.

    Attributes:
        name (str):
        arguments (OwnerCommandCreateArguments | Unset):
        expires_in_s (float | Unset):  Default: 300.0.
    """

    name: str
    arguments: OwnerCommandCreateArguments | Unset = UNSET
    expires_in_s: float | Unset = 300.0

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        arguments: dict[str, Any] | Unset = UNSET
        if not isinstance(self.arguments, Unset):
            arguments = self.arguments.to_dict()

        expires_in_s = self.expires_in_s

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

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.owner_command_create_arguments import OwnerCommandCreateArguments  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        _arguments = d.pop("arguments", UNSET)
        arguments: OwnerCommandCreateArguments | Unset
        if isinstance(_arguments, Unset):
            arguments = UNSET
        else:
            arguments = OwnerCommandCreateArguments.from_dict(_arguments)

        expires_in_s = d.pop("expires_in_s", UNSET)

        owner_command_create = cls(
            name=name,
            arguments=arguments,
            expires_in_s=expires_in_s,
        )

        return owner_command_create
