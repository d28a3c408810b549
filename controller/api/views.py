"""What the API answers with. Doors, cameras and command results are those of `events.ports`."""

from pydantic import BaseModel


class Me(BaseModel):
    """Who is logged in, and at which site."""

    name: str
    role: str
    site: str
    site_name: str


class EventView(BaseModel):
    """A door's event. Words are those of `doorwire.names`; `door` is null for a board of no known place."""

    id: int
    device: str
    epoch: int
    seq: int
    door: str | None
    door_name: str
    kind: str
    reason: str
    at_unix: int
    clock_known: bool
    credential_kind: str
    person: int | None
    person_name: str
    list_version: int


class AlertView(BaseModel):
    """An alert. `capture`: the id of its picture; `outcome`: "", "confirmed", "dismissed" or "ended"."""

    id: int
    kind: str
    level: str
    subject: str
    subject_name: str
    place: str
    place_name: str
    at_unix: float
    words: str
    capture: str | None
    outcome: str
    confirmed_by: str
    confirmed_unix: float


class VehicleView(BaseModel):
    """A vehicle as the camera saw it; "" where it could not tell. `differs`: what is registered instead, by field."""

    plate_type: str
    plate_colour: str
    body_colour: str
    body_confidence: float
    vehicle_class: str
    direction: str
    differs: dict[str, str]


class CaptureView(BaseModel):
    """A passage at a camera. Its picture is kept for a minute, in memory."""

    id: str
    camera: str
    camera_name: str
    kind: str
    at_unix: float
    outcome: str
    person: int | None
    person_name: str
    plate: str | None
    vehicle: VehicleView | None = None


class StatementView(BaseModel):
    """The site's statement on kept captures: why by language, for how long, where, and whether of strangers too."""

    purpose: dict[str, str]
    retention_days: int
    cameras: list[str]
    strangers: bool


class KeptCaptureView(BaseModel):
    """A capture whose picture is kept until its retention date."""

    id: str
    camera: str
    camera_name: str
    kind: str
    at_unix: float
    outcome: str
    person: int | None
    person_name: str
    keep_until_unix: float


class KeptView(BaseModel):
    """What is kept of captures, and by which statement."""

    statement: StatementView | None
    captures: list[KeptCaptureView]


class PersonView(BaseModel):
    """A person of the list in force; `templates`: how many face templates are in use; `enrol_again`: those that are
    kept are another embedder's.
    """

    id: int
    name: str
    doors: list[str]
    gates: list[str]
    templates: int
    enrol_again: bool


class TemplatesView(BaseModel):
    """How many templates the person has now."""

    templates: int


class HeldConsent(BaseModel):
    """A consent: to which text, who wrote it down, who agreed for a child; `withdrawn_unix` 0 while it holds."""

    text_version: str
    given_unix: float
    recorded_by: str
    guardian: str
    withdrawn_unix: float


class HeldTemplate(BaseModel):
    """A template: 128 float32, which net (digest) made it of what."""

    created_unix: float
    embedder: str
    source: str
    vector_base64: str


class HeldCapture(BaseModel):
    """A kept capture with its picture."""

    camera: str
    at_unix: float
    outcome: str
    keep_until_unix: float
    jpeg_base64: str


class PartView(BaseModel):
    """A part of the system: well, or words for a person."""

    ok: bool
    words: str


class HealthView(BaseModel):
    """`parts` is told to those who are logged in."""

    ok: bool
    parts: dict[str, PartView] = {}


class ConsentView(BaseModel):
    """The text that a resident accepts before a face is enrolled, by language, in paragraphs."""

    version: str
    text: dict[str, list[str]]


class AuditView(BaseModel):
    """Who did what."""

    at_unix: float
    who: str
    action: str
    subject: str
    detail: str


class HeldView(BaseModel):
    """What is kept about a person; `pins`: how many, never which; `visits`: how often each plate with limited uses was
    let in; `care_since_unix`: since when a guard is asked to look after silence.
    """

    person: dict[str, object] | None
    cards: list[str]
    pins: int
    plates: list[str]
    visits: dict[str, int]
    consents: list[HeldConsent]
    templates: list[HeldTemplate]
    captures: list[HeldCapture]
    care_since_unix: float | None
    events: list[EventView]
    audit: list[AuditView]


class FlowHour(BaseModel):
    """Passages of one kind in the hour from `hour_unix` on, see `controller.flow.hours.Kind`. They took `mean_s`."""

    hour_unix: int
    camera: str
    what: str
    type: str
    direction: str
    lane: int
    count: int
    mean_s: float


class FlowDay(BaseModel):
    """How many different vehicles were read in the day from `day_unix` on."""

    day_unix: int
    vehicles: int


class FlowView(BaseModel):
    """Traffic. `today_unix`: when the site's day began; `offset_s`: its time ahead of UTC.

    `counted_unix`: when a guard last counted the vehicles inside, or 0; `gate_cameras`: those by which they are
    reckoned; `people_present`: in the zones of cameras that are up.
    """

    now_unix: float
    today_unix: int
    offset_s: int
    hours: list[FlowHour]
    days: list[FlowDay]
    gate_cameras: list[str]
    vehicles_inside: int
    counted_unix: float
    people_present: dict[str, int]


class Refusal(BaseModel):
    """`code` is for programs, `detail` for people."""

    code: str
    detail: str
