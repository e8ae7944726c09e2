"""One recorder and one projector as processes, and all that an outsider has: HTTP, Kafka, SQL, commands, logs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.paths import write_private
from deploy.local.running.ports import choose
from schemas.people.erasure import IRREVOCABLE
from services.common.settings import Settings
from tests.support.access import as_admin
from tests.support.patience import PATIENCE, patient_producer
from tests.support.servers import Servers, far_ports
from tests.support.service import Fresh, ran

T = TypeVar("T")
Json = dict[str, Any]
Header = tuple[str, bytes | None]
MONDAY: Final = "2026-03-02T09:00:00+08:00"
STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
ROLES: Final = ("publisher", "reader", "auditor", "operator")
PLANTED: Final = "绝密Secret7f3a"  # begins every text that must never be plain anywhere


def unique(prefix: str) -> str:
    """An id that nobody else uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def action(name: str, data: object, office: str, **more: object) -> Json:
    """An action as an app would write it."""
    fields = {
        "specversion": "1.0", "id": unique("a"), "source": "/test", "type": f"chengzhang.{name}.v1", "time": MONDAY,
        "office": office, "actor": "p-clerk", "data": data,
    }  # fmt: skip
    return fields | more


@dataclass(frozen=True)
class Told:
    """What came of a record on the intake topic: a receipt or a notice of quarantine."""

    receipt: Json | None = None
    quarantined: Mapping[str, Any] | None = None

    @property
    def code(self) -> str | None:
        """The code of either."""
        if self.receipt is not None:
            code: str | None = self.receipt["code"]
            return code
        assert self.quarantined is not None
        return str(self.quarantined["code"])


@dataclass(frozen=True)
class Sent:
    """A record as it went out, and where it came to stand."""

    value: bytes | None
    headers: Sequence[Header] = ()
    partition: int = 0
    offset: int = -1


class Pair:
    """The installation. Its own event loop runs in a thread, so that tests read as a sequence of steps."""

    def __init__(self, servers: Servers, home: Path) -> None:
        self.home = home
        self._servers = servers
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._database = f"test_{uuid.uuid4().hex}"
        ports = far_ports()
        recorder = choose("recorder", ports.recorder, set())
        projector = choose("projector", ports.projector, {recorder})
        self.settings = Settings(
            home=home, **servers.on_kafka, database_url=servers.database_url(self._database),
            topic_prefix=f"t{uuid.uuid4().hex[:12]}", tokens=home / "tokens.json", kek_file=home / "kek",
            recorder_url=f"http://127.0.0.1:{recorder}", projector_url=f"http://127.0.0.1:{projector}",
        )  # fmt: skip
        self.recorder = Fresh("recorder", self.settings, port=recorder)
        self.projector = Fresh("projector", self.settings, port=projector)
        self.tokens: dict[str, str] = {}
        self._clients = contextlib.ExitStack()

    # --- begin and end ---

    def __enter__(self) -> Self:
        self._thread.start()
        self._servers.admit(self.settings.topic_prefix)
        write_private(self.home / "kek", secrets.token_bytes(32))
        self.grant({role: f"{role}-{secrets.token_hex(8)}" for role in ROLES})
        self.grant(
            {"eraser": {"token": f"eraser-{secrets.token_hex(8)}", "role": "publisher", "types": [*IRREVOCABLE]}}
        )
        self.run(self._administer(f"CREATE DATABASE {self._database}"))
        self.recorder.start()
        self.projector.start()
        self.http = self._client(self.settings.recorder_url)
        self.reads = self._client(self.settings.projector_url)
        self.recorder.wait_ready()
        self.producer = self.run(self._started_producer())
        self.pool = self.run(self._connected())
        self.projector.wait_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.projector.kill()
        self.recorder.kill()
        self._clients.close()
        self.run(self._closed())
        self._servers.forget(self.settings.topic_prefix)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T], seconds: float = PATIENCE) -> T:
        """Wait for a coroutine of the pair's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def _client(self, url: str) -> httpx.Client:
        return self._clients.enter_context(httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False))

    async def _started_producer(self) -> AIOKafkaProducer[bytes, bytes]:
        sizes = {"max_request_size": 16 * 1024 * 1024, "max_batch_size": 12 * 1024 * 1024}
        producer = patient_producer(self.settings, **sizes)
        await producer.start()
        return producer

    async def _connected(self) -> asyncpg.Pool[asyncpg.Record]:
        return await asyncpg.create_pool(self.settings.database_url, min_size=1, max_size=4)

    async def _closed(self) -> None:
        if hasattr(self, "producer"):
            await self.producer.stop()
        if hasattr(self, "pool"):
            await self.pool.close()
        admin = AIOKafkaAdminClient(**as_admin(self.settings))
        await admin.start()
        try:
            ours = [t for t in await admin.list_topics() if t.startswith(f"{self.settings.topic_prefix}.")]
            if ours:
                await admin.delete_topics(ours)
        finally:
            await admin.close()
        await self._administer(f"DROP DATABASE IF EXISTS {self._database} WITH (FORCE)")

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(self._servers.database_url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    # --- grants ---

    def grant(self, entries: Mapping[str, Any]) -> None:
        """Add grants to tokens.json; the services read it again by themselves."""
        kept: Json = json.loads(self.settings.tokens.read_bytes()) if self.settings.tokens.exists() else {}
        kept.update(entries)
        write_private(self.settings.tokens, json.dumps(kept).encode())
        self.tokens = {name: entry if isinstance(entry, str) else entry["token"] for name, entry in kept.items()}

    def bearer(self, name: str) -> dict[str, str]:
        """The header of that grant."""
        return {"Authorization": f"Bearer {self.tokens[name]}"}

    # --- over HTTP ---

    def post(
        self, body: object, content_type: str = STRUCTURED, token: str = "publisher", **headers: str
    ) -> httpx.Response:
        """POST /actions."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": content_type, **self.bearer(token), **headers}
        return self.http.post("/actions", content=content, headers=sent)

    def post_binary(self, fields: Json, token: str = "publisher") -> httpx.Response:
        """POST /actions in CloudEvents' binary mode."""
        headers = {f"ce-{name}": str(value) for name, value in fields.items() if name != "data"}
        return self.post(fields["data"], "application/json", token, **headers)

    def post_many(self, fields: Sequence[object], token: str = "publisher") -> list[Json]:
        """POST /actions, a batch."""
        answer = self.post(list(fields), BATCH, token)
        assert answer.status_code == 200, answer.text
        found: list[Json] = answer.json()
        assert len(found) == len(fields)
        return found

    def accepted(self, fields: Json, token: str = "publisher") -> Json:
        """The receipt of an action that must be accepted."""
        answer = self.post(fields, token=token)
        assert answer.status_code == 201, answer.text
        receipt: Json = answer.json()
        return receipt

    def receipt(self, fields: Json, token: str = "publisher") -> httpx.Response:
        """GET /receipts."""
        key = {name: fields[name] for name in ("office", "source", "id")}
        return self.http.get("/receipts", params=key, headers=self.bearer(token))

    def read(self, path: str, token: str = "reader", /, **query: str | int) -> Any:  # noqa: ANN401
        """GET from the projector; its JSON."""
        answer = self.get(path, token, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(
        self, path: str, token: str = "reader", headers: Mapping[str, str] | None = None, /, **query: str | int
    ) -> httpx.Response:
        """GET from the projector."""
        return self.reads.get(path, params=query, headers={**self.bearer(token), **(headers or {})})

    # --- over Kafka ---

    def publish(self, records: Sequence[Sent | Json], *, key: bytes | None = None, partition: int = 0) -> list[Sent]:
        """Send in this order to one partition; an action goes in structured mode."""
        sent = [record if isinstance(record, Sent) else structured(record) for record in records]
        return self.run(self._publish(sent, key, partition))

    async def _publish(self, records: Sequence[Sent], key: bytes | None, partition: int) -> list[Sent]:
        """As few batches as it takes, so that what is beside what is no matter of chance."""
        topic, found = self.settings.topic("actions"), list[Sent]()
        waiting = list(records)
        while waiting:
            batch = self.producer.create_batch()
            taken = list[Sent]()
            while waiting and _append(batch, key, waiting[0]):
                taken.append(waiting.pop(0))
            batch.close()
            sent = await (await self.producer.send_batch(batch, topic, partition=partition))
            found += [replace(r, partition=partition, offset=sent.offset + n) for n, r in enumerate(taken)]
        return found

    def publish_raw(self, raw: bytes, count: int, partition: int = 0) -> int:
        """Send a batch of that many records as these bytes; the first offset."""
        return self.run(self._publish_raw(raw, count, partition))

    async def _publish_raw(self, raw: bytes, count: int, partition: int) -> int:
        batch = self.producer.create_batch()
        batch._closed, batch._buffer, batch._relative_offset = True, raw, count
        sent = await (await self.producer.send_batch(batch, self.settings.topic("actions"), partition=partition))
        first: int = sent.offset
        return first

    def told(self, records: Sequence[Sent | Json], **more: Any) -> list[Told]:  # noqa: ANN401
        """Publish, and wait for what comes of each. A repeat gets nothing on Kafka: don't wait for one here."""
        return self.outcomes(self.publish(records, **more))

    def outcomes(self, sent: Sequence[Sent]) -> list[Told]:
        """The receipt or the quarantine of each record."""
        return until(lambda: self._outcomes(sent), f"neither receipt nor quarantine of one of {sent!r:.3000}")

    def _outcomes(self, sent: Sequence[Sent]) -> list[Told] | None:
        rows = self.sql(
            'SELECT q.* FROM ledger.quarantine q JOIN unnest($1::int[], $2::bigint[]) AS s (partition, "offset")'
            ' USING (partition, "offset")',
            [record.partition for record in sent], [record.offset for record in sent],
        )  # fmt: skip
        quarantined = {(row["partition"], row["offset"]): Told(quarantined=dict(row)) for row in rows}
        addresses = [_address(record) for record in sent]
        receipts = {
            (office, receipt["source"], receipt["id"]): Told(receipt)
            for office in {address[0] for address in addresses if address}
            for receipt in self.receipts(office)
        }
        found = [
            quarantined.get((record.partition, record.offset)) or (receipts.get(address) if address else None)
            for record, address in zip(sent, addresses, strict=True)
        ]
        told = [outcome for outcome in found if outcome]
        return told if len(told) == len(sent) else None

    def receipts(self, office: str) -> list[Json]:
        """Every receipt of an office, in the ledger's order."""
        rows = self.sql(
            "SELECT text FROM ledger.receipt, convert_from(receipt, 'UTF8') AS text"
            " WHERE text::json ->> 'office' = $1 ORDER BY shard, number",
            office,
        )
        return [json.loads(row["text"]) for row in rows]

    def topic(self, name: str, partition: int) -> list[Any]:
        """Every record of a partition, as it is on Kafka now."""
        return self.run(self._topic(name, partition))

    async def _topic(self, name: str, partition: int) -> list[Any]:
        consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
            **as_admin(self.settings), enable_auto_commit=False, max_partition_fetch_bytes=16 * 1024 * 1024
        )
        await consumer.start()
        try:
            at = TopicPartition(self.settings.topic(name), partition)
            consumer.assign([at])
            consumer.seek(at, (await consumer.beginning_offsets([at]))[at])
            end, found = (await consumer.end_offsets([at]))[at], []
            while await consumer.position(at) < end:
                found += (await consumer.getmany(at, timeout_ms=1000)).get(at, [])
            return found
        finally:
            await consumer.stop()

    def events(self, office: str, shard: int) -> list[Json]:
        """The office's events as the topic has them."""
        found = [json.loads(record.value) for record in self.topic("events", shard)]
        return [event for event in found if event["office"] == office]

    # --- SQL, commands, logs ---

    def sql(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Rows."""
        return self.run(self.pool.fetch(statement, *values))

    def command(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """``recorder …`` or ``projector …`` with this installation's settings, as the command line has it."""
        found = ran(self.settings, *arguments, **env)
        return subprocess.CompletedProcess(found.args, found.returncode, found.stdout.decode(), found.stderr.decode())

    def seen(self, receipt: Json) -> None:
        """Wait until the read models have what this receipt speaks of."""
        for _ in range(6):
            answer = self.get(f"/offices/{receipt['office']}/growth-files", at_least=receipt["at_least"])
            if answer.status_code == 200:
                return
        raise AssertionError(answer.text)


def until(find: Callable[[], T | None], otherwise: str | Callable[[], object], seconds: float = PATIENCE) -> T:
    """Look again and again until there is something to see."""
    end = time.monotonic() + seconds
    while (found := find()) is None:
        assert time.monotonic() < end, otherwise if isinstance(otherwise, str) else otherwise()
        time.sleep(0.1)
    return found


def structured(fields: object, *headers: Header) -> Sent:
    """Structured mode."""
    value = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return Sent(value, [("content-type", STRUCTURED.encode()), *headers])


def binary(fields: Json, *headers: Header) -> Sent:
    """Binary mode."""
    attributes = [(f"ce_{name}", str(value).encode()) for name, value in fields.items() if name != "data"]
    return Sent(json.dumps(fields["data"]).encode(), [("content-type", b"application/json"), *attributes, *headers])


def _append(batch: Any, key: bytes | None, record: Sent) -> bool:  # noqa: ANN401
    return batch.append(key=key, value=record.value, timestamp=None, headers=list(record.headers)) is not None


def _address(sent: Sent) -> tuple[str, str, str] | None:
    attributes = {name[3:]: value for name, value in sent.headers if name.startswith("ce_")}
    try:
        if attributes:
            office, source, ident = (str((attributes[n] or b"").decode()) for n in ("office", "source", "id"))
        else:
            fields = json.loads(sent.value or b"")
            office, source, ident = fields["office"], fields["source"], fields["id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return office, source, ident


class Office:
    """An office of a test's own, with persons whose ids nobody else uses."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.id = unique("o")

    def __str__(self) -> str:
        return self.id

    def action(self, name: str, data: object, **more: object) -> Json:
        """An action of this office."""
        return action(name, data, self.id, **more)

    def register(self, ident: str | None = None, **more: object) -> str:
        """Register a person; the person's id."""
        person = ident or unique("p")
        self.pair.accepted(self.registration(person, **more))
        return person

    def registration(self, person: str, **more: object) -> Json:
        """The action that registers a person."""
        data = {
            "person": person, "name": f"{PLANTED}王{person}", "branch": "第一支部", "joined_on": "2020-01-01",
            "birth_year": 1990,
        }  # fmt: skip
        return self.action("people.register-person", data | more)

    def session(self, chair: str, ident: str | None = None, /, **more: object) -> Json:
        """The action that convenes a session."""
        data = {
            "session": ident or unique("s"), "carriers": ["branch"], "kinds": ["lecture"], "title": "党课",
            "starts_at": MONDAY, "minutes": 90, "chair": chair,
        }  # fmt: skip
        return self.action("learning.convene-session", data | more)

    def convened(self, chair: str, **more: object) -> str:
        """Convene a session; its id."""
        fields = self.session(chair, **more)
        self.pair.accepted(fields)
        session: str = fields["data"]["session"]
        return session

    def attendance(self, session: str, *lines: Json, **more: object) -> Json:
        """The action that records who was there."""
        return self.action("learning.record-attendance", {"session": session, "roll": list(lines)} | more)

    def section(self, ident: str | None = None, name: str = "综合科") -> Json:
        """The action that defines a section: the simplest there is."""
        return self.action("people.define-section", {"section": ident or unique("sec"), "name": name})


def line(person: str, state: str = "present", minutes: int = 90, **more: object) -> Json:
    """A line on the roll."""
    return {"person": person, "state": state, "minutes": minutes} | more


def started(servers: Servers, home: Path) -> Iterator[Pair]:
    """A running pair, for a fixture."""
    with Pair(servers, home) as pair:
        yield pair
