"""The recorder over HTTP: ``POST /actions``, ``GET /receipts``, ``POST /open``, and whether it lives."""

# No postponed annotations here: FastAPI could not see the dependencies that are made inside ``router``.
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final, Protocol

import orjson
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from schemas.people.erasure import IRREVOCABLE
from schemas.receipt import Receipt
from services.common.bounds.room import Room
from services.common.http import problems
from services.common.http.bearer import bearer, forbidden
from services.common.http.pages import DESCRIBED
from services.common.http.problems import FieldError, Problem, responses
from services.common.tokens.grants import Grant, Grants
from services.recorder.intake.allowing import allowed
from services.recorder.intake.over_http import describing
from services.recorder.intake.over_http.answers import answered, translated
from services.recorder.intake.over_http.opening import LARGEST_OPEN, Opening, OpenResponse, Seating, open_items
from services.recorder.intake.over_http.requests import BATCH, LARGEST_BODY, many, mode, one, problem_of, size_of
from services.recorder.intake.parsing import Unreadable
from services.recorder.intake.reading import Readable
from services.recorder.intake.sealing import Keys, Owners, Sent, prepare
from services.recorder.ledger.submission import Outcome, Submission

LARGEST_BODIES: Final = {"/actions": LARGEST_BODY, "/open": LARGEST_OPEN}
VERSION: Final = "1"  # of the interface; optional members may come within it
_ROOM: Final = 2 * LARGEST_BODY  # bytes of batches at once
_JSON: Final = "application/json"
_Key = Annotated[str, Query(min_length=1, max_length=256)]
_EITHER: Final = FieldError(
    "/query/id",
    "either id or after is needed",
    "需要 id 或 after 之一",
    "Give id for one receipt, or after for a source's.",
    "查询一份回执请给 id；查询一个来源的回执请给 after。",
)
_After = Annotated[
    str | None,
    Query(
        pattern=r"^\d{0,18}$",
        description="a source's receipts behind this number: `next` of the page before, or the last one's `number`; "
        "empty: from the first",
    ),
]
_DryRun = Annotated[
    bool,
    Query(
        description="Answer as if these actions were sent now, and record nothing: no number, position or id is taken. "
        "Later actions of a batch are answered as if those before them were recorded."
    ),
]


class Appending(Protocol):
    """The append's queue."""

    async def submit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """Outcomes in order. Raises Busy, Unavailable."""

    async def dry_run(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """The outcomes that they would have now, with nothing recorded. Raises Unavailable."""


class Receipts(Protocol):
    """The ledger's receipts."""

    async def find(self, office: str, source: str, id: str) -> bytes | None:  # noqa: A002 - as CloudEvents calls it
        """The binding receipt of an action. Raises Unavailable."""

    async def following(self, office: str, source: str, after: int) -> tuple[list[bytes], int | None]:
        """A source's receipts behind a number, and after which to go on. Raises Unavailable."""


class ReceiptPage(BaseModel):
    """A source's receipts in an office, in their order."""

    office: str
    source: str
    items: list[Receipt]
    next: str | None = Field(description="the next page's `after`, also where `items` is empty; null on the last one")


_RECEIPTS: Final[dict[str, Any]] = {
    "response_model": Receipt | ReceiptPage,
    "responses": responses(401, 403, 404, 422, 503),
}


class Secrets(Keys, Opening, Protocol):
    """The vault."""

    def unstored(self) -> Keys:
        """The same keys for what is only tried; none is made."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the routes call; ``ready`` says whether the recorder makes progress, and of what it consists."""

    appender: Appending
    receipts: Receipts
    vault: Secrets
    seats: Seating
    grants: Grants
    ready: Callable[[], tuple[bool, dict[str, Any]]]
    owners: Owners | None = None


def api(deps: Dependencies) -> FastAPI:
    """The recorder's HTTP application."""
    app = FastAPI(title="Chengzhang recorder", version=VERSION, description=describing.TEXT, **DESCRIBED)
    problems.install(app)
    problems.describe(app, describing.components())
    app.include_router(router(deps))
    return app


def router(deps: Dependencies) -> APIRouter:
    """All routes."""
    routes = APIRouter()
    asking = Annotated[Grant, Depends(bearer(deps.grants))]
    room = Room(_ROOM)

    @routes.post("/actions", tags=["actions"], **describing.ACTIONS)
    async def publish(request: Request, grant: asking, dry_run: _DryRun = False) -> Response:  # noqa: FBT002
        """Record an action, or up to 1,000 of them. The same action sent again gets its first receipt again."""
        media = mode(request)
        submit = _Submit(deps, grant, dry_run=dry_run)
        if media == BATCH:
            async with room.taking(size_of(request)):
                return await _publish_many(submit, await many(request))
        return await _publish_one(submit, await one(request, media))

    @routes.get("/receipts", tags=["actions"], **_RECEIPTS)
    async def receipt(
        grant: asking,
        office: _Key,
        source: _Key,
        id: _Key | None = None,  # noqa: A002  # as CloudEvents calls it
        after: _After = None,
    ) -> Response:
        """Give an action's receipt, or with `after` those of a source.

        An action that was rejected for now has none that binds it; among those of a source its receipts are listed.
        """
        _own(grant, office, source)
        if (id is None) == (after is None):
            raise problems.invalid([_EITHER])
        if after is not None:
            return await _page(deps, grant, office, source, after)
        return await _receipt(deps, grant, office, source, str(id))

    @routes.post("/open", tags=["sealed fields"], response_model=OpenResponse, **describing.OPEN)
    async def open_sealed(request: Request, grant: asking) -> Response:
        """Open up to 1,000 sealed fields. Who opened how many is logged, never what."""
        return Response(await open_items(request, grant, deps.vault, deps.seats), media_type=_JSON)

    @routes.get("/livez", tags=["health"])
    async def live() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "live"}

    @routes.get("/readyz", tags=["health"], responses={503: {"description": "Not making progress"}})
    async def ready() -> Response:
        """Say whether actions are being recorded and relayed."""
        well, told = _ready(deps)
        return Response(orjson.dumps(told), 200 if well else 503, media_type=_JSON)

    @routes.get("/metrics", tags=["health"], **describing.METRICS)
    async def metrics() -> Response:
        """Give the metrics in Prometheus' text format."""
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return routes


def _ready(deps: Dependencies) -> tuple[bool, dict[str, Any]]:
    well, told = deps.ready()
    if trouble := deps.grants.trouble():
        return False, told | {"stuck": [*told.get("stuck", ()), "tokens"], "tokens_refused": asdict(trouble)}
    return well, told


@dataclass(frozen=True, slots=True)
class _Submit:
    """Seal and append, or only try."""

    deps: Dependencies
    grant: Grant
    dry_run: bool

    async def __call__(self, actions: Sequence[Readable]) -> list[tuple[int, bytes] | Problem]:
        """The answers in order."""
        if not actions:
            return []
        vault, appender = self.deps.vault, self.deps.appender
        with translated():
            keys = vault.unstored() if self.dry_run else vault
            sent = [Sent(each, self.grant) for each in actions]
            submissions = await prepare(sent, keys, self.deps.owners, plaintext_allowed=True)
            outcomes = await (appender.dry_run if self.dry_run else appender.submit)(submissions)
        return [answered(action, outcome) for action, outcome in zip(actions, outcomes, strict=True)]


async def _publish_one(submit: _Submit, action: Readable | Unreadable) -> Response:
    if isinstance(action, Unreadable):
        raise problem_of(action)
    refused = _refused(submit.grant, action)
    if refused:
        raise refused
    (answer,) = await submit([action])
    if isinstance(answer, Problem):
        raise answer
    status, receipt = answer
    return Response(receipt, status, media_type=_JSON)


async def _publish_many(submit: _Submit, actions: Sequence[Readable | Unreadable]) -> Response:
    grant = submit.grant
    refused = [problem_of(action) if isinstance(action, Unreadable) else _refused(grant, action) for action in actions]
    allowed = [a for a, problem in zip(actions, refused, strict=True) if isinstance(a, Readable) and problem is None]
    submitted = iter(await submit(allowed))
    told = [_item(next(submitted) if problem is None else problem) for problem in refused]
    return Response(orjson.dumps(told), media_type=_JSON)


def _refused(grant: Grant, action: Readable) -> Problem | None:
    if allowed(grant, action):
        return None
    detail = f"This token may not publish {action.type} from {action.source} in the office {action.office}."
    if action.type in IRREVOCABLE:
        detail += " What can't be undone is taken from a grant that names the type itself."
    return forbidden(grant, detail, office=action.office, source=action.source, type=action.type)


def _item(answer: tuple[int, bytes] | Problem) -> dict[str, Any]:
    if isinstance(answer, Problem):
        return {"status": answer.status, "problem": answer.body()}
    status, receipt = answer
    return {"status": status, "receipt": orjson.Fragment(receipt)}


def _watches(grant: Grant) -> bool:
    return grant.role in {"auditor", "operator"}


def _own(grant: Grant, office: str, source: str) -> None:
    if not ((_watches(grant) and grant.in_office(office)) or grant.owns(office, source)):
        detail = f"This token may not see receipts of {source} in the office {office}."
        raise forbidden(grant, detail, office=office, source=source)


def _shown(grant: Grant, receipt: bytes) -> bool:
    if _watches(grant):
        return True
    told = orjson.loads(receipt)
    return grant.sees(told["by"], told["code"])


async def _page(deps: Dependencies, grant: Grant, office: str, source: str, after: str) -> Response:
    with translated():
        found, following = await deps.receipts.following(office, source, int(after or -1))
    told = {
        "office": office,
        "source": source,
        "items": [orjson.Fragment(each) for each in found if _shown(grant, each)],
    }
    return Response(orjson.dumps(told | {"next": None if following is None else str(following)}), media_type=_JSON)


async def _receipt(deps: Dependencies, grant: Grant, office: str, source: str, ident: str) -> Response:
    with translated():
        found = await deps.receipts.find(office, source, ident)
    if found is None or not _shown(grant, found):
        detail = "No receipt binds this action: it was never sent, is not recorded yet, or was rejected for now only."
        raise Problem(404, "no-receipt", "No receipt", detail)
    return Response(found, media_type=_JSON)
