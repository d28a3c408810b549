"""The community's certificate authority: EC P-256, made once, kept in a private folder."""

from __future__ import annotations

import datetime
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)
_AUTHORITY_DAYS = 30 * 365  # doors pin it: it lives as long as they do
_SERVER_DAYS = 5 * 365
_RENEW_DAYS = 365


class Authority:
    """`ca.pem` and `ca.key` in `folder`, made at first use; issues server certificates beside them."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.certificate_file = folder / "ca.pem"
        self._key_file = folder / "ca.key"
        if not self._key_file.exists() or not self.certificate_file.exists():
            self._make(name)
        key = serialization.load_pem_private_key(self._key_file.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self._key_file}: not an EC key")
        self._key = key
        self._certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())

    def _make(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
        certificate = (
            _builder(subject, subject, key, _AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_private(self._key_file, _key_pem(key))
        replace(
            self.certificate_file,
            certificate.public_bytes(serialization.Encoding.PEM),
            0o644,
        )

    def server(self, name: str, names: Sequence[str]) -> tuple[Path, Path]:
        """(certificate file, key file) for DNS names and addresses `names`; renewed in time."""
        certificate_file, key_file = (
            self._folder / f"{name}.pem",
            self._folder / f"{name}.key",
        )
        if not (certificate_file.exists() and key_file.exists() and _lasts(certificate_file, names)):
            key = ec.generate_private_key(ec.SECP256R1())
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
            certificate = (
                _builder(subject, self._certificate.subject, key, _SERVER_DAYS)
                .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                .add_extension(_usage(authority=False), critical=True)
                .add_extension(
                    x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                    critical=False,
                )
                .add_extension(
                    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
                    critical=False,
                )
                .add_extension(
                    x509.SubjectAlternativeName([_general_name(n) for n in names]),
                    critical=False,
                )
                .sign(self._key, hashes.SHA256())
            )
            write_private(key_file, _key_pem(key))
            replace(
                certificate_file,
                certificate.public_bytes(serialization.Encoding.PEM),
                0o644,
            )
        return certificate_file, key_file


def replace(file: Path, data: bytes, mode: int) -> None:
    """Write, sync, rename: `file` is the old or the new one, whole."""
    new = file.with_name(file.name + ".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        os.fchmod(out.fileno(), mode)
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)


def write_private(file: Path, data: bytes) -> None:
    """`replace` with mode 0600."""
    replace(file, data, 0o600)


def _lasts(certificate_file: Path, names: Sequence[str]) -> bool:
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    known = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return left > _RENEW_DAYS * _DAY and list(known) == [_general_name(n) for n in names]


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + days * _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
