"""The topics as described: there are these and no others, and what is written to them is what the description says."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from schemas import generate
from schemas.trust.canonical import canonical
from services.common.settings import Settings
from services.recorder.kafka import channels, topics
from services.recorder.relay.relay import wrap_receipt

SAMPLES = Path(__file__).parent / "samples"


def test_the_topics_that_are_created_are_those_that_are_described() -> None:
    created = {topic.name for topic in topics.wanted(Settings())}
    assert created == {"chengzhang.actions", *(f"chengzhang.{name}" for name in channels.PUBLISHED)}
    described = channels.document(Settings())["channels"]
    assert {channel["address"] for channel in described.values()} == created


def test_a_receipt_on_its_topic_is_what_its_schema_says() -> None:
    schema = json.loads((generate.FOLDER / "json" / "chengzhang.receipt.v1.json").read_text("utf-8"))
    for sample in SAMPLES.glob("chengzhang.receipt.v1*.json"):
        stored = orjson.loads(sample.read_bytes())
        digest = bytes.fromhex(stored.get("bodydigest", ""))  # that of a receipt made anew is not known
        key, value = wrap_receipt(stored["source"], digest, canonical(stored["data"]))
        assert key == stored["data"]["id"].encode()
        assert value == sample.read_bytes().rstrip(b"\n")
        assert not list(Draft202012Validator(schema).iter_errors(orjson.loads(value)))
