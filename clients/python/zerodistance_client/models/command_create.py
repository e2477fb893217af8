from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.command_create_arguments import CommandCreateArguments


T = TypeVar("T", bound="CommandCreate")


@_attrs_define
class CommandCreate:
    """Tell an appliance to do something.

    Attributes:
        name (str):
        arguments (CommandCreateArguments | Unset):
        expires_in_s (float | Unset):  Default: 300.0.
    """

    name: str
    arguments: CommandCreateArguments | Unset = UNSET
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
        from ..models.command_create_arguments import CommandCreateArguments  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        _arguments = d.pop("arguments", UNSET)
        arguments: CommandCreateArguments | Unset
        if isinstance(_arguments, Unset):
            arguments = UNSET
        else:
            arguments = CommandCreateArguments.from_dict(_arguments)

        expires_in_s = d.pop("expires_in_s", UNSET)

        command_create = cls(
            name=name,
            arguments=arguments,
            expires_in_s=expires_in_s,
        )

        return command_create
