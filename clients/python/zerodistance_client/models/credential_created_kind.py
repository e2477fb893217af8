from typing import Literal

CredentialCreatedKind = Literal["certificate", "password"]

CREDENTIAL_CREATED_KIND_VALUES: set[CredentialCreatedKind] = {
    "certificate",
    "password",
}


def check_credential_created_kind(value: str) -> CredentialCreatedKind:
    if value in CREDENTIAL_CREATED_KIND_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CREDENTIAL_CREATED_KIND_VALUES!r}")
