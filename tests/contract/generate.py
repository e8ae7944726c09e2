"""``python -m tests.contract.generate [--check]``: ``schemas/openapi`` and ``schemas/asyncapi`` from the applications.

It stands among the tests because it needs both services, and nothing that runs may import both.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, cast

from faststream.kafka import KafkaBroker
from faststream.specification.asyncapi import AsyncAPI

from schemas import generate
from services.common.grants import Grants
from services.common.settings import Settings
from services.projector.api.reading import Reading
from services.projector.api.service import create
from services.projector.fetch import Consumer
from services.projector.progress import Progress
from services.recorder.audit import http as audit
from services.recorder.intake.http import Dependencies, api
from services.recorder.intake.kafka import KafkaIntake
from services.recorder.kafka import channels

_NONE = cast("Any", None)  # described, never called
_SETTINGS = Settings.model_construct(
    kafka="localhost:9092", topic_prefix="chengzhang", shards=8, database_url="postgresql:///", home=Path()
)


def openapi() -> dict[str, str]:
    """The OpenAPI 3.1 document of each service."""
    grants = Grants(Path())
    recorder = api(Dependencies(_NONE, _NONE, _NONE, grants, _NONE))
    recorder.include_router(audit.router(_NONE, grants))
    projector = create(Reading(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE), grants, Progress())
    return {"recorder.json": generate.text(recorder.openapi()), "projector.json": generate.text(projector.openapi())}


def asyncapi() -> dict[str, str]:
    """The AsyncAPI 3 document of each service."""
    return asyncio.run(_asyncapi())


async def _asyncapi() -> dict[str, str]:
    recorder = KafkaBroker(_SETTINGS.kafka, logger=None)
    KafkaIntake(_SETTINGS, _NONE, _NONE, _NONE, _NONE).subscribe(recorder)
    channels.declare(recorder, _SETTINGS)
    holds = {"actions": "Action"} | {name: schema for name, (schema, _) in channels.PUBLISHED.items()}
    projector = Consumer(_SETTINGS, _NONE, Progress()).broker
    return {
        "recorder.json": generate.text(_described(recorder, "Chengzhang recorder", holds)),
        "projector.json": generate.text(_described(projector, "Chengzhang projector", {"events": "Event"})),
    }


def _described(broker: KafkaBroker, title: str, holds: dict[str, str]) -> dict[str, Any]:
    """FastStream's document; what a topic holds is said by our schemas, since both services read and write bytes."""
    specification = AsyncAPI(broker, title=title, version="1", schema_version="3.0.0").to_specification()
    document: dict[str, Any] = specification.to_jsonable()
    for channel in document["channels"].values():
        topic = channel["address"].rpartition(".")[2]
        for reference in channel["messages"].values():
            message = document["components"]["messages"][reference["$ref"].rpartition("/")[2]]
            message.pop("correlationId", None)  # none of ours has one
            message["contentType"] = channels.TEXT if holds[topic] in channels.TEXTS else "application/cloudevents+json"
            message["payload"] = {"$ref": f"#/components/schemas/{holds[topic]}"}
    document["components"]["schemas"] = _reached(generate.messages() | channels.TEXTS, set(holds.values()))
    for part in (document["components"], document):
        for name in ("messages", "channels", "operations"):
            if name in part:  # FastStream lists them in the order of a set
                part[name] = dict(sorted(part[name].items()))
    return document


def _reached(schemas: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """The schemas with these names and all that they refer to."""
    found: dict[str, Any] = {}
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas[name]
            waiting += [ref for ref in schemas if f'"#/components/schemas/{ref}"' in generate.text(schemas[name])]
    return {name: found[name] for name in sorted(found)}


def main(arguments: list[str] | None = None) -> int:
    """Write both folders, or check them."""
    folders = {"openapi": openapi(), "asyncapi": asyncapi()}
    return max(generate.run(generate.FOLDER / name, texts, arguments) for name, texts in folders.items())


if __name__ == "__main__":
    sys.exit(main())
