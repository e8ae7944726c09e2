"""The FastAPI application, put together."""

from functools import partial
from typing import Final

from fastapi import FastAPI, Request, Response

from services.common.http import pages, problems
from services.common.http.asyncapi import document
from services.common.http.bearer import bearer
from services.common.settings import Settings
from services.common.tokens.grants import Grants
from services.projector.api import health, offices, people
from services.projector.api.reading import NotModified, Reading
from services.projector.following.progress import Progress

_ABOUT = """The growth files and appraisals of a learning office, as far as `seen` says.

Send a reader's token: `Authorization: Bearer <token>`. Pass `at_least` from a receipt to read your own write.
Errors are `application/problem+json`. What is read from Kafka: [asyncapi.json](asyncapi.json)."""

_READ: Final = {"events": "Every event, as canonical bytes; folded in the order of their positions."}


def create(reading: Reading, grants: Grants, progress: Progress, settings: Settings) -> FastAPI:
    """The application. It owns nothing: whoever made the parts closes them."""
    app = FastAPI(title="Chengzhang 成长: read models", version="1", description=_ABOUT, **pages.DESCRIBED)
    problems.install(app)
    pages.install(app, partial(document, settings, "Chengzhang projector", reads=_READ, writes={}))

    @app.exception_handler(NotModified)
    async def _not_modified(_request: Request, held: NotModified) -> Response:
        return held.response()

    granted = bearer(grants)
    app.include_router(people.router(reading, granted))
    app.include_router(offices.router(reading, granted))
    app.include_router(health.router(reading.live, progress, grants))
    return app
