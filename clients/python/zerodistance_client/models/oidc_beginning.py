from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="OidcBeginning")


@_attrs_define
class OidcBeginning:
    """Where to send the browser, and what to keep until it comes back: none of the rest leaves the caller.

    Attributes:
        code_verifier (str):
        nonce (str):
        state (str):
        url (str):
    """

    code_verifier: str
    nonce: str
    state: str
    url: str

    def to_dict(self) -> dict[str, Any]:
        code_verifier = self.code_verifier

        nonce = self.nonce

        state = self.state

        url = self.url

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "code_verifier": code_verifier,
                "nonce": nonce,
                "state": state,
                "url": url,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        code_verifier = d.pop("code_verifier")

        nonce = d.pop("nonce")

        state = d.pop("state")

        url = d.pop("url")

        oidc_beginning = cls(
            code_verifier=code_verifier,
            nonce=nonce,
            state=state,
            url=url,
        )

        return oidc_beginning
