"""The private authority of the VPN, and the site's certificate that it signs.

Members' browsers are told to trust it, so it can sign nothing but this site: its name constraints hold the VPN's
networks and the site's own name, and browsers refuse everything else.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from paddock.domain.peers import Address, Network

AUTHORITY_LASTS = timedelta(days=3650)
SITE_LASTS = timedelta(days=397)
"""Apple's systems refuse what lasts much longer."""
RENEWED_BEFORE = timedelta(days=60)
_BACKDATED = timedelta(days=1)
"""Clocks of laptops are wrong at times."""
NAMELESS = "paddock.internal"
"""Allowed where the site has no name: without any allowed name, all names would be."""


def new_authority(networks: Sequence[Network], name: str) -> tuple[bytes, bytes]:
    """Its private key and its certificate, in PEM.

    Args:
        networks: whose addresses it may sign.
        name: which it may sign, empty for none.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    whole = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Paddock VPN, {name or networks[0][1]}")])
    allowed = [x509.DNSName(name or NAMELESS), *(x509.IPAddress(network) for network in networks)]
    certificate = (
        _builder(key.public_key(), whole, whole, AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=allowed, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pem_of_key(key), certificate.public_bytes(serialization.Encoding.PEM)


def new_site_certificate(
    authority_key: bytes, authority: bytes, addresses: Sequence[Address], name: str
) -> tuple[bytes, bytes]:
    """The site's private key and its certificate with that of the authority behind it, in PEM.

    Args:
        authority_key: PEM.
        authority: PEM.
        addresses: of the site in the VPN.
        name: of the site, empty for none.
    """
    signing = serialization.load_pem_private_key(authority_key, None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey), "as new_authority makes it"
    issuer = x509.load_pem_x509_certificate(authority)
    key = ec.generate_private_key(ec.SECP256R1())
    # No host name: OpenSSL would hold one here, even an address, against the names that the authority may sign.
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Paddock site")])
    certificate = (
        _builder(key.public_key(), called, issuer.subject, SITE_LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_names(addresses, name)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        .sign(signing, hashes.SHA256())
    )
    return _pem_of_key(key), certificate.public_bytes(serialization.Encoding.PEM) + authority


def may_sign(authority: bytes, addresses: Sequence[Address], name: str) -> bool:
    """Whether browsers would take a certificate of this authority for the site."""
    constraints = x509.load_pem_x509_certificate(authority).extensions.get_extension_for_class(x509.NameConstraints)
    allowed = [each.value for each in constraints.value.permitted_subtrees or ()]
    networks = [each for each in allowed if not isinstance(each, str)]
    return (not name or name in allowed) and all(
        any(address in network for network in networks) for address in addresses
    )


def still_good(certificate: bytes, authority: bytes, addresses: Sequence[Address], name: str) -> bool:
    """Whether a site's certificate is that of this site and this authority, and lasts for a while."""
    try:
        ours, issuer = (x509.load_pem_x509_certificates(each)[0] for each in (certificate, authority))
        named = ours.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        ours.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, IndexError, InvalidSignature, x509.ExtensionNotFound):
        return False
    lasts = ours.not_valid_after_utc - datetime.now(UTC) > RENEWED_BEFORE
    return lasts and list(named) == _names(addresses, name)


def _builder(
    key: ec.EllipticCurvePublicKey, subject: x509.Name, issuer: x509.Name, lasts: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now - _BACKDATED + lasts)
    )


def _names(addresses: Sequence[Address], name: str) -> list[x509.GeneralName]:
    named: list[x509.GeneralName] = [x509.DNSName(name)] if name else []
    return [*named, *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses)]


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
