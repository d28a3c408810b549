"""Residents of the list in force, and the face templates of those who said yes."""

import base64
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from controller.access.document import PersonId
from controller.api.consent import consent_text
from controller.api.errors import ApiError, unknown
from controller.api.limits import UPLOAD_LIMIT
from controller.api.session import Admin, DeskOf, OwnPage, SignedIn
from controller.api.views import (
    AuditView,
    ConsentView,
    EventView,
    HeldCapture,
    HeldConsent,
    HeldTemplate,
    HeldView,
    PersonView,
    TemplatesView,
)
from controller.events.ingest import event_data
from controller.store.alerts import AuditRow
from controller.store.kept import KeptCapture
from controller.store.templates import Consent
from models.picture_file import UPLOAD_PIXELS, PictureError, inspect
from models.plates.alphabet import normal_plate

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["consent"],
                    "properties": {
                        "consent": {"type": "string", "description": "version of the consent text that was accepted"},
                        "picture": {"type": "string", "format": "binary", "description": "JPEG or PNG"},
                        "camera": {"type": "string", "description": "instead of a picture: enrol what it sees now"},
                        "guardian": {"type": "string", "maxLength": 60, "description": "who agreed for a child"},
                    },
                }
            }
        },
    }
}

HELD_LIMIT = 1_000  # acts about one person

routes = APIRouter(tags=["people"])


class _InMemory(MultiPartParser):
    """A resident's picture never touches the disk, not even as a temporary file."""

    spool_max_size = UPLOAD_LIMIT


@routes.get("/api/people")
async def people(
    _: SignedIn,
    desk: DeskOf,
    search: Annotated[str, Query(max_length=60)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[PersonView]:
    """People whose name contains `search` or whose number it is, by number."""
    store = desk.services.store
    found = await store.documents.search_people(search.strip(), limit)
    counts = await desk.services.enrolment.counts()
    return [
        PersonView(**row.model_dump(), templates=counts.get(row.id, 0), enrol_again=counts.get(row.id) == 0)
        for row in found
    ]


@routes.get("/api/consent")
async def consent(_: SignedIn, desk: DeskOf) -> ConsentView:
    """The consent text in force."""
    return consent_text(desk.services.settings.captures)


@routes.post("/api/people/{person}/templates", dependencies=[OwnPage], openapi_extra=_FORM)
async def enrol(person: PersonId, user: SignedIn, request: Request, desk: DeskOf) -> TemplatesView:
    """Enrol a face from a picture or a camera, with the resident's consent to the text in force."""
    form = await _form(request)
    if await desk.services.store.documents.person(person) is None:
        raise unknown("person on the list in force; enter the person at the community server")
    text = consent_text(desk.services.settings.captures)
    if form.get("consent") != text.version:
        detail = f"consent to text {text.version} is needed; let the person read and accept it"
        raise ApiError(409, "consent-needed", detail)
    jpeg, camera = form.get("picture"), form.get("camera")
    if (jpeg is None) == (camera is None):
        raise ApiError(422, "bad-request", "send either a picture or the id of a camera")
    if isinstance(camera, str) and camera not in [view.id for view in desk.services.vision.views()]:
        raise unknown("camera")
    if isinstance(jpeg, bytes):
        try:
            inspect(jpeg, UPLOAD_PIXELS)
        except PictureError as error:
            raise ApiError(415, "bad-picture", str(error)) from error
    picture = jpeg if isinstance(jpeg, bytes) else None
    source = camera if isinstance(camera, str) else None
    consent = Consent(text.version, user.name, _guardian(form.get("guardian", "")))
    count = await desk.services.enrolment.enrol(person, consent, picture, source)
    return TemplatesView(templates=count)


@routes.get("/api/people/{person}/held")
async def held(person: PersonId, user: Admin, desk: DeskOf) -> HeldView:
    """Everything that is kept about a person, for the person."""
    store = desk.services.store
    row = await store.documents.person(person)
    faces = await store.templates.held(person)
    if row is None and not faces["consents"]:
        raise unknown("person")
    subject = f"person:{person}"
    await store.alerts.audit(AuditRow(desk.services.unix(), user.name, "export", subject, ""))
    events = await store.journal.of_person(person)
    audit = await store.alerts.audited(HELD_LIMIT, subject)
    belongings = await store.documents.belongings(person)
    plates = {normal_plate(plate) for plate in belongings.plates}
    return HeldView(
        person=row.model_dump() if row else None,
        **asdict(belongings),
        visits={visit.plate: used for visit, used in (await store.visits.all()).items() if visit.plate in plates},
        consents=[HeldConsent.model_validate(found) for found in faces["consents"]],
        templates=[HeldTemplate.model_validate(found) for found in faces["templates"]],
        care_since_unix=await store.care.since(person),
        events=[EventView(**await desk.names.event(event_data(stored, desk.services.tree))) for stored in events],
        captures=[_held(row, jpeg) for row, jpeg in await store.kept.of_person(person, HELD_LIMIT)],
        audit=[AuditView(**asdict(act)) for act in audit],
    )


@routes.delete("/api/people/{person}/templates", dependencies=[OwnPage])
async def withdraw(person: PersonId, user: SignedIn, desk: DeskOf) -> TemplatesView:
    """Consent withdrawn: the person's key and templates are destroyed now."""
    await desk.services.enrolment.withdraw(person, user.name)
    return TemplatesView(templates=0)


def _held(row: KeptCapture, jpeg: bytes) -> HeldCapture:
    picture = base64.b64encode(jpeg).decode()
    return HeldCapture(
        camera=row.camera,
        at_unix=row.at_unix,
        outcome=row.outcome,
        keep_until_unix=row.keep_until_unix,
        jpeg_base64=picture,
    )


def _guardian(value: str | bytes) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if len(name) > 60 or not name.isprintable():
        raise ApiError(422, "bad-request", "the guardian's name has at most 60 characters")
    return name


async def _form(request: Request) -> dict[str, str | bytes]:
    """The form's fields; a file's content is bytes."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise ApiError(415, "bad-request", "send multipart/form-data")
    try:
        form = await _InMemory(
            request.headers, request.stream(), max_files=1, max_fields=3, max_part_size=1_000
        ).parse()
    except MultiPartException as error:
        raise ApiError(400, "bad-request", error.message) from error
    fields: dict[str, str | bytes] = {}
    for name, value in form.multi_items():
        fields[name] = await value.read() if isinstance(value, UploadFile) else value
    await form.close()
    return fields
