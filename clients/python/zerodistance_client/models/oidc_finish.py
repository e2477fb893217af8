from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="OidcFinish")


@_attrs_define
class OidcFinish:
    """What the browser brought back, and what was kept.

    Attributes:
        code (str):
        code_verifier (str):
        nonce (str):
        redirect_uri (str):
    """

    code: str
    code_verifier: str
    nonce: str
    redirect_uri: str

    def to_dict(self) -> dict[str, Any]:
        code = self.code

        code_verifier = self.code_verifier

        nonce = self.nonce

        redirect_uri = self.redirect_uri

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "code": code,
                "code_verifier": code_verifier,
                "nonce": nonce,
                "redirect_uri": redirect_uri,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        code = d.pop("code")

        code_verifier = d.pop("code_verifier")

        nonce = d.pop("nonce")

        redirect_uri = d.pop("redirect_uri")

        oidc_finish = cls(
            code=code,
            code_verifier=code_verifier,
            nonce=nonce,
            redirect_uri=redirect_uri,
        )

        return oidc_finish
