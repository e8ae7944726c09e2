"""What the API's own description says of requests that are read by hand: bodies, examples, answers."""

from typing import Any, Final

from fastapi.responses import PlainTextResponse
from pydantic.json_schema import models_json_schema

from schemas.envelope import STRUCTURED
from schemas.generate import any_action
from services.common.http.problems import responses
from services.recorder.intake.over_http.opening import OpenRequest
from services.recorder.intake.over_http.requests import BATCH, JSON

TEXT: Final = (
    "Takes actions (please record that …) as CloudEvents 1.0 and answers each with a receipt. "
    "Sending an action again is safe: it is recorded once, and its first receipt comes again. "
    "The same over Kafka: [asyncapi.json](asyncapi.json)."
)
_ACTION: Final = {"$ref": "#/components/schemas/Action"}
_RECEIPT: Final = {"$ref": "#/components/schemas/Receipt"}
_PROBLEM: Final = {"$ref": "#/components/schemas/ProblemBody"}
_EXAMPLE: Final = {
    "specversion": "1.0",
    "id": "a-17",
    "source": "/study",
    "type": "chengzhang.learning.record-attendance.v1",
    "time": "2026-03-02T09:00:00+08:00",
    "office": "o-1",
    "actor": "p-9",
    "data": {"session": "s-1", "roll": [{"person": "p-1", "state": "present", "minutes": 90}]},
}
_ATTRIBUTES: Final = (
    "specversion", "id", "source", "type", "time", "office", "actor", "expectedversion", "entry", "traceparent",
)  # fmt: skip
_ITEM: Final = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"type": "integer"}, "receipt": _RECEIPT, "problem": _PROBLEM},
}


def components() -> dict[str, Any]:
    """The schemas of the bodies that are read by hand."""
    _, shared = models_json_schema([(OpenRequest, "validation")], ref_template="#/components/schemas/{model}")
    return {"Action": any_action(), **shared["$defs"]}


def _json(schema: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"content": {JSON: {"schema": schema, **more}}}


def _header(name: str) -> dict[str, Any]:
    note = "in binary mode (content type application/json) only"
    return {"name": f"ce-{name}", "in": "header", "required": False, "schema": {"type": "string"}, "description": note}


ACTIONS: Final[dict[str, Any]] = {
    "status_code": 201,
    "openapi_extra": {
        "parameters": [_header(name) for name in _ATTRIBUTES],
        "requestBody": {
            "required": True,
            "content": {
                STRUCTURED: {"schema": _ACTION, "example": _EXAMPLE},
                BATCH: {"schema": {"type": "array", "maxItems": 1000, "items": _ACTION}, "example": [_EXAMPLE]},
                JSON: {"schema": {"type": "object", "description": "an action's data; its envelope in ce- headers"}},
            },
        },
    },
    "responses": {
        201: {"description": "Recorded", **_json(_RECEIPT)},
        200: {
            "description": "Recorded before (its first receipt); or a batch, an answer an action",
            **_json({"oneOf": [_RECEIPT, {"type": "array", "items": _ITEM}]}),
        },
        **responses(400, 401, 403, 409, 413, 415, 422, 429, 503),
    },
}

OPEN: Final[dict[str, Any]] = {
    "openapi_extra": {"requestBody": {"required": True, **_json({"$ref": "#/components/schemas/OpenRequest"})}},
    "responses": responses(401, 403, 413, 422, 503),
}

METRICS: Final[dict[str, Any]] = {
    "response_class": PlainTextResponse,
    "responses": {200: {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}},
}
