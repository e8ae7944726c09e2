"""Errors over HTTP: ``application/problem+json`` (RFC 9457), whatever went wrong and wherever.

Problem                what a handler raises
install(app)           what FastAPI, routing and the unexpected become
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.telling.explain import FieldError, said
from services.common.telling.log import raised

__all__ = ["MEDIA_TYPE", "FieldError", "Problem", "ProblemBody", "describe", "install", "invalid", "responses"]
MEDIA_TYPE: Final = "application/problem+json"
_COMPONENT: Final = "#/components/schemas/{model}"
_log = structlog.get_logger(__name__)


class InBoth(BaseModel):
    """A sentence in both languages."""

    en: str
    zh: str


class FieldProblem(BaseModel):
    """One error: where (RFC 6901), what, and how to mend it."""

    pointer: str = Field(examples=["/data/minutes"])
    message: InBoth
    fix: InBoth


class ProblemBody(BaseModel):
    """The body of every error. ``receipt`` is the receipt of an action that was refused with one."""

    type: str = Field(examples=["urn:chengzhang:problem:invalid-field"])
    title: str = Field(examples=["Invalid action"])
    status: int = Field(examples=[422])
    detail: str
    code: str = Field(examples=["invalid-field"])
    errors: list[FieldProblem]
    receipt: dict[str, Any] | None


class Problem(Exception):
    """An answer that says what, where and how to mend it. ``receipt`` is a receipt's JSON bytes."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        errors: Iterable[FieldError] = (),
        receipt: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.receipt = receipt
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The members of the JSON object."""
        return {
            "type": f"urn:chengzhang:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": [error.body() for error in self.errors],
            "receipt": None if self.receipt is None else orjson.Fragment(self.receipt),
        }

    def response(self) -> Response:
        """The whole answer."""
        return Response(orjson.dumps(self.body()), self.status, self.headers, MEDIA_TYPE)


def invalid(errors: Sequence[FieldError]) -> Problem:
    """422: what is wrong with a request's fields; the first of it in a sentence."""
    detail = "; ".join(f"{e.pointer or '/'}: {e.en} ({e.fix_en})" for e in errors[:5])
    return Problem(422, "invalid-field", "Invalid request", detail, errors=errors)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI responses of these error statuses."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answer every error of this app as a problem."""

    @app.exception_handler(Problem)
    async def _problem(_request: Request, problem: Problem) -> Response:
        return problem.response()

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> Response:
        errors = [said(e["type"], "".join(f"/{part}" for part in e["loc"]), e.get("ctx")) for e in error.errors()]
        return invalid(errors).response()

    @app.exception_handler(HTTPException)
    async def _routing(_request: Request, error: HTTPException) -> Response:
        title = HTTPStatus(error.status_code).phrase
        code = title.lower().replace(" ", "-")
        return Problem(error.status_code, code, title, str(error.detail), headers=error.headers).response()

    app.add_middleware(_Unexpected)
    describe(app, models_json_schema([(ProblemBody, "serialization")], ref_template=_COMPONENT)[1]["$defs"])


def describe(app: FastAPI, schemas: Mapping[str, Any]) -> None:
    """Add component schemas to the app's OpenAPI document: of bodies that FastAPI does not read itself."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        document = plain()
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas)
        return document

    app.openapi = described  # type: ignore[method-assign]  # as FastAPI's own guide does it


class _Unexpected:
    """The outermost: an exception that nobody expected is logged and answered; it goes no further.

    A middleware and not a handler of ``Exception``: Starlette raises again what such a handler gets.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            _log.info("client-gone", method=scope["method"], path=scope["path"])
        except Exception as error:  # noqa: BLE001 - whatever it was, it is logged and answered
            _log.error("unexpected", method=scope["method"], path=scope["path"], raised=raised(error))
            if not begun:
                detail = (
                    "Something went wrong here, and is in the service's log. "
                    "Whether it was recorded is unknown: send it again."
                )
                await Problem(500, "internal", "Internal error", detail).response()(scope, receive, send)
