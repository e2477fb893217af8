from typing import Literal

CredentialPublicKind = Literal["certificate", "password"]

CREDENTIAL_PUBLIC_KIND_VALUES: set[CredentialPublicKind] = {
    "certificate",
    "password",
}


def check_credential_public_kind(value: str) -> CredentialPublicKind:
    if value in CREDENTIAL_PUBLIC_KIND_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CREDENTIAL_PUBLIC_KIND_VALUES!r}")
