from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.command_description_arguments import CommandDescriptionArguments
    from ..models.command_description_title import CommandDescriptionTitle


T = TypeVar("T", bound="CommandDescription")


@_attrs_define
class CommandDescription:
    """A command that the appliance takes; arguments as the catalogue has them.

    Attributes:
        arguments (CommandDescriptionArguments):
        consent (bool):
        title (CommandDescriptionTitle):
    """

    arguments: CommandDescriptionArguments
    consent: bool
    title: CommandDescriptionTitle

    def to_dict(self) -> dict[str, Any]:
        arguments = self.arguments.to_dict()

        consent = self.consent

        title = self.title.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "arguments": arguments,
                "consent": consent,
                "title": title,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.command_description_arguments import CommandDescriptionArguments  # noqa: PLC0415
        from ..models.command_description_title import CommandDescriptionTitle  # noqa: PLC0415

        d = dict(src_dict)
        arguments = CommandDescriptionArguments.from_dict(d.pop("arguments"))

        consent = d.pop("consent")

        title = CommandDescriptionTitle.from_dict(d.pop("title"))

        command_description = cls(
            arguments=arguments,
            consent=consent,
            title=title,
        )

        return command_description
