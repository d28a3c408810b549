"""Is this answer of the community server a document to put in force? Pure.

SyncError                    retry at the next poll: nothing was put in force
├── DownloadError            not an answer (network, torn, not JSON)
└── RefusedDocumentError     an answer that must not be followed: say so loudly
"""

import base64
import binascii
import hashlib
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from controller.access.document import Document
from controller.store.documents import SignedDocument


class SyncError(Exception):
    """Root of the client's errors."""


class DownloadError(SyncError):
    """No whole answer."""


class RefusedDocumentError(SyncError):
    """A whole answer that must not be followed."""


def verify(
    body: bytes, public_key: bytes, site: str, in_force: SignedDocument | None, now_unix: float
) -> SignedDocument | None:
    """The document to put in force; None when it is the one in force already."""
    payload, signature = _envelope(body)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, payload)
    except InvalidSignature:
        raise RefusedDocumentError(
            "the list's signature is not the community server's; check [server] public_key, then the server"
        ) from None
    try:
        document = Document.model_validate_json(payload)
    except ValidationError as error:
        issue = error.errors(include_input=False)[0]
        place = ".".join(str(part) for part in issue["loc"])
        raise RefusedDocumentError(
            f"the list has a form that this controller does not know ({place}: {issue['msg']}); update the controller"
        ) from None
    signed = SignedDocument(document, payload, signature, hashlib.sha256(payload).digest())
    return _in_order(signed, site, in_force, now_unix)


def _in_order(
    signed: SignedDocument, site: str, in_force: SignedDocument | None, now_unix: float
) -> SignedDocument | None:
    document = signed.document
    if document.site != site:
        raise RefusedDocumentError(f'the list is for the site "{document.site}", not "{site}"; check [server] url')
    if in_force is not None:
        if signed.digest == in_force.digest:
            return None
        ours = in_force.document.version
        if document.version < ours:
            raise RefusedDocumentError(f"the server offers list {document.version}, older than {ours} in force")
        if document.version == ours:
            raise RefusedDocumentError(f"the server offers another list {ours} than the one in force")
        if document.version == ours + 1 and document.previous != in_force.digest.hex():
            raise RefusedDocumentError(f"list {document.version} does not follow the list {ours} in force")
    if document.expires_unix and document.expires_unix <= now_unix:
        raise RefusedDocumentError(f"list {document.version} has expired; the server must publish again")
    return signed


def _envelope(body: bytes) -> tuple[bytes, bytes]:
    try:
        envelope = json.loads(body)
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signature"], validate=True)
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        raise DownloadError("the server's answer is not whole") from error
    return payload, signature
