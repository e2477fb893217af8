"""The platform's own certificate authority: certificates of appliances and servers, revocation lists.

X.509 v3 (RFC 5280), keys on the curve P-256. A certificate of an appliance is good for clients only, one of a
server for servers only; its common name is the device id, which the broker takes for the user name. The key
of the authority stays in its folder: whoever has it can be any device.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from zerodistance.access.files import make_folder, write_atomically, write_once
from zerodistance.errors import InvalidMessageError, NotFoundError, SettingsError

CA_FILE, KEY_FILE = "ca.pem", "ca.key"
CA_DAYS = 20 * 365
SERVER_DAYS = 398
DEVICE_DAYS = 730
LONGEST_DEVICE_DAYS = 3650
# The list lies beside the broker and is written anew with every change and every day. Should nobody write
# it any more, appliances must not be locked out for it.
CRL_DAYS = 365
# Appliances without a battery for their clock start behind.
_EARLIER = timedelta(days=1)
_LEAST_RSA_BITS = 2048


PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class Issued(NamedTuple):
    """A new certificate; ``key_pem`` is "" where the key stayed with whoever asked."""

    certificate_pem: str
    key_pem: str
    ca_pem: str
    serial: str
    fingerprint: str
    not_after: datetime


class Revoked(NamedTuple):
    """An entry of a revocation list. ``held``: only until further notice (reason certificateHold)."""

    serial: str
    since: datetime
    held: bool = False


class Authority:
    """A certificate and its key, loaded from a folder."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @classmethod
    def load(cls, folder: Path) -> Authority:
        """Load the authority of ``folder``.

        Raises:
            NotFoundError: there is none.
            SettingsError: what is there is none, or may not be read.
        """
        try:
            certificate = x509.load_pem_x509_certificate((folder / CA_FILE).read_bytes())
        except FileNotFoundError as error:
            raise _none_in(folder) from error
        except (OSError, ValueError) as error:
            raise _unreadable(folder, error) from error
        return cls(certificate, _read_key(folder))

    @classmethod
    def create(cls, folder: Path, name: str = "Zero Distance") -> Authority:
        """Make an authority in ``folder``; one that is there is loaded and left as it is.

        One that was only begun (a key without its certificate) is completed.

        Raises:
            HostError: the folder cannot be written.
            SettingsError: what is there cannot be read.
        """
        make_folder(folder)
        try:
            return cls.load(folder)
        except NotFoundError:
            pass
        # Whoever writes the key first makes the authority. The certificate's name follows from the key, so
        # that two who write it at once write the same authority.
        key = ec.generate_private_key(ec.SECP256R1())
        if not write_once(folder / KEY_FILE, _key_pem(key), 0o640):
            key = _read_key(folder)
        public = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        called = f"{name} CA {public.digest[:4].hex()}"
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
        certificate = (
            _builder(subject, subject, key.public_key(), datetime.now(UTC), CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(public, critical=False)
            .sign(key, hashes.SHA256())
        )
        write_atomically(folder / CA_FILE, _pem(certificate), 0o644)
        return cls(certificate, key)

    @property
    def ca_pem(self) -> str:
        """The authority's own certificate: what the others are checked with."""
        return _pem(self._certificate).decode()

    def signed(self, certificate: x509.Certificate) -> bool:
        """Tell whether a certificate is this authority's."""
        try:
            certificate.verify_directly_issued_by(self._certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def issue_device(self, device_id: str, *, days: int = DEVICE_DAYS, csr_pem: str = "") -> Issued:
        """Return a client certificate for a device.

        Args:
            device_id: becomes the common name, whatever the request names.
            days: how long it holds.
            csr_pem: a signing request (PKCS #10), so that the key never leaves the device; "": a key is made.

        Raises:
            InvalidMessageError: the request is none, is not signed by its key, or the key is too weak.
        """
        key: ec.EllipticCurvePrivateKey | None = None
        if csr_pem:
            public = _public_key_of(csr_pem)
        else:
            key = ec.generate_private_key(ec.SECP256R1())
            public = key.public_key()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device_id)])
        certificate = self._issue(subject, public, days, ExtendedKeyUsageOID.CLIENT_AUTH, [])
        return self._issued(certificate, key)

    def issue_server(self, hosts: Sequence[str], *, days: int = SERVER_DAYS) -> Issued:
        """Return a server certificate for host names and IP addresses; the first is the common name.

        Raises:
            SettingsError: no host, or one that is no name.
        """
        names: list[x509.GeneralName] = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(host)))
            except ValueError:
                if not host.isascii() or not all(part for part in host.removeprefix("*.").split(".")):
                    raise SettingsError(f"{host!r} is no host name and no IP address.") from None
                names.append(x509.DNSName(host))
        if not names:
            raise SettingsError("A server certificate needs at least one host.")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
        certificate = self._issue(subject, key.public_key(), days, ExtendedKeyUsageOID.SERVER_AUTH, names)
        return self._issued(certificate, key)

    def revocation_list(self, revoked: Sequence[Revoked], now: datetime | None = None) -> bytes:
        """Return the signed list (PEM) of certificates that are not good any more."""
        now = now or datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - _EARLIER)
            .next_update(now + timedelta(days=CRL_DAYS))
            .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        for one in revoked:
            reason = x509.ReasonFlags.certificate_hold if one.held else x509.ReasonFlags.privilege_withdrawn
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(int(one.serial, 16))
                .revocation_date(one.since)
                .add_extension(x509.CRLReason(reason), critical=False)
                .build()
            )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _issue(
        self,
        subject: x509.Name,
        public: PublicKey,
        days: int,
        purpose: x509.ObjectIdentifier,
        names: Sequence[x509.GeneralName],
    ) -> x509.Certificate:
        builder = (
            _builder(subject, self._certificate.subject, public, datetime.now(UTC), days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _issued(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | None) -> Issued:
        return Issued(
            certificate_pem=_pem(certificate).decode(),
            key_pem=_key_pem(key).decode() if key is not None else "",
            ca_pem=self.ca_pem,
            serial=f"{certificate.serial_number:x}",
            fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
            not_after=certificate.not_valid_after_utc,
        )


def _read_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key((folder / KEY_FILE).read_bytes(), None)
    except FileNotFoundError as error:
        raise _none_in(folder) from error
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unreadable(folder, error) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SettingsError(f"The key in {folder} is not one that this platform made.")
    return key


def _none_in(folder: Path) -> NotFoundError:
    return NotFoundError(
        f"There is no certificate authority in {folder}: make one with `zerodistance certificates`, "
        "or say with ZD_CA_DIR where it is."
    )


def _unreadable(folder: Path, error: Exception) -> SettingsError:
    return SettingsError(f"The certificate authority in {folder} cannot be read: {error}.")


def _public_key_of(csr_pem: str) -> PublicKey:
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        signed = request.is_signature_valid
        public = request.public_key()
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise InvalidMessageError(
            "wrong_shape", "csr is not a certificate signing request in PEM (PKCS #10)."
        ) from error
    if not signed:
        raise InvalidMessageError("wrong_shape", "The signing request is not signed by the key it names.")
    if isinstance(public, rsa.RSAPublicKey) and public.key_size >= _LEAST_RSA_BITS:
        return public
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(
        public.curve, ec.SECP256R1 | ec.SECP384R1
    ):
        return public
    if isinstance(public, ed25519.Ed25519PublicKey):
        return public
    raise InvalidMessageError(
        "wrong_shape", "The key is too weak or unusual: use EC P-256 or P-384, Ed25519, or RSA of 2048 bits."
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: PublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
