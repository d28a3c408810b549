"""Certificates that every TLS client of ours accepts, Python 3.13's strict checks included."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tools.authority import Authority


def _handshake(authority: Authority, ca: Path, hostname: str) -> None:
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(*authority.server("broker", ("localhost", "127.0.0.1")))
    client_context = ssl.create_default_context(cafile=str(ca))
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(up, down, server_side=True)
    client = client_context.wrap_bio(down, up, server_hostname=hostname)
    open_ends = [client, server]
    for end in open_ends * 4:
        if end in open_ends:
            try:
                end.do_handshake()
                open_ends.remove(end)
            except ssl.SSLWantReadError:
                continue
    assert not open_ends


@pytest.mark.parametrize("hostname", ["localhost", "127.0.0.1"])
def test_server_certificate_passes_strict_checks(hostname: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "Menshen demo")
    _handshake(authority, authority.certificate_file, hostname)


def test_server_certificate_of_another_authority_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "Menshen demo")
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(Authority(tmp_path, "Menshen demo"), other.certificate_file, "localhost")


def test_server_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "Menshen demo")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _handshake(authority, authority.certificate_file, "broker.invalid")
