"""A service's topics as an AsyncAPI 3 document: FastStream's; what they hold is said by our schemas."""

from collections.abc import Mapping
from typing import Any, Final

from faststream.specification.asyncapi import AsyncAPI

from schemas.envelope import STRUCTURED
from schemas.generate import messages
from services.common.kafka.broker import described
from services.common.settings import Settings

TEXT: Final = "text/plain; charset=utf-8"


def document(
    settings: Settings,
    title: str,
    *,
    reads: Mapping[str, str],
    writes: Mapping[str, str],
    texts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The document of a service that reads and writes these topics (by description).

    ``texts``: schemas of the values that are no CloudEvents.
    """
    broker = described(settings)
    for topic, description in reads.items():
        broker.subscriber(settings.topic(topic), title=topic, description=description)(_read)
    for topic, description in writes.items():
        broker.publisher(settings.topic(topic), title=topic, description=description)
    made: dict[str, Any] = (
        AsyncAPI(broker, title=title, version="1", schema_version="3.0.0").to_specification().to_jsonable()
    )
    return _filled(made, texts or {})


async def _read(message: Any) -> None:  # noqa: ANN401  # never called
    raise NotImplementedError


def _filled(made: dict[str, Any], texts: Mapping[str, Any]) -> dict[str, Any]:
    """Both services read and write bytes, so FastStream can't know what a topic holds."""
    payloads = {**messages(), **texts}
    parts = made["components"]
    parts.pop("schemas", None)
    for topic, channel in made["channels"].items():
        for reference in channel["messages"].values():
            message = parts["messages"][reference["$ref"].rpartition("/")[2]]
            message.pop("correlationId", None)  # none of ours has one
            message |= {"contentType": TEXT if topic in texts else STRUCTURED, "payload": payloads[topic]}
    return made
