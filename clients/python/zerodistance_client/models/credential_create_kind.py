from typing import Literal

CredentialCreateKind = Literal["certificate", "password"]

CREDENTIAL_CREATE_KIND_VALUES: set[CredentialCreateKind] = {
    "certificate",
    "password",
}


def check_credential_create_kind(value: str) -> CredentialCreateKind:
    if value in CREDENTIAL_CREATE_KIND_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CREDENTIAL_CREATE_KIND_VALUES!r}")
