"""The recorder, wired: one process that takes actions from Kafka and over HTTP, appends them, and relays the events."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
import uvloop
from aiokafka.errors import KafkaError
from fastapi import FastAPI
from faststream.kafka import KafkaBroker

from schemas.people.erasure import ErasePerson
from services.common.collecting import collect_rarely
from services.common.commands import CheckOnly, Home, Language, failed, settings_of, spoken
from services.common.http import pages
from services.common.http.serving import NoSuchAddress, background, check_address, server
from services.common.kafka.broker import broker
from services.common.kafka.login import NoLogin
from services.common.settings import Settings
from services.common.telling import log
from services.common.telling.both import Both
from services.common.tokens.grants import Grants, GrantsError
from services.recorder.audit import http as audit
from services.recorder.audit.proving.log import AuditLog
from services.recorder.cli_errors import worded
from services.recorder.domain.deciding.core import Terms
from services.recorder.errors import Misconfigured, RecorderError, Unavailable
from services.recorder.intake.from_kafka.quarantine import Quarantine
from services.recorder.intake.from_kafka.rereading import Rereading
from services.recorder.intake.from_kafka.senders import Senders
from services.recorder.intake.http import LARGEST_BODIES, Dependencies, api
from services.recorder.intake.kafka import KafkaIntake
from services.recorder.kafka import channels, topics
from services.recorder.ledger import database, founding, years
from services.recorder.ledger.appending.appender import Appender
from services.recorder.ledger.database import NOT_OURS, TRANSIENT, Ledger, Pool
from services.recorder.ledger.owners import Owners
from services.recorder.ledger.receipts import Receipts
from services.recorder.ledger.submission import Outcome, Submission
from services.recorder.recovery.refolding import Refolder
from services.recorder.recovery.subject import leased
from services.recorder.relay.relay import Relay
from services.recorder.trust import history, marking
from services.recorder.trust.schedule import Checkpointer
from services.recorder.trust.signing import Kept
from services.recorder.vault import ahead, vault
from services.recorder.vault.erasures import Erasures
from services.recorder.vault.seats import Seats
from services.recorder.vault.vault import Vault

STUCK_AFTER: Final = 30.0  # seconds with something to publish and nothing published
SILENT_AFTER: Final = 5.0  # seconds without an answer of the database, which is asked every second
_RETRY: Final = 1.0
_NEW_TOPICS_MS: Final = 5_000  # how soon the topic of an app that was added is read
Log: Final = structlog.get_logger("recorder")


def serve(home: Home = None, lang: Language = None, check: CheckOnly = False) -> None:  # noqa: FBT002  # an option
    """Take actions from Kafka and over HTTP, append them, relay the events, until stopped (接收、记录并发布)."""
    settings = settings_of(home, lang)
    log.configure(settings.log_level, settings.log_file)
    collect_rarely()
    try:
        grants = Grants.load(settings.tokens, settings.token_uses_of("recorder"))
        check_address(settings)
        topics.login(settings)
        uvloop.run(_check(settings) if check else _serve(settings, grants))
    except GrantsError as error:
        failed(lang, error.why.spoken(spoken(lang)))
    except NoSuchAddress as error:
        failed(lang, str(error))
    except NoLogin as error:
        failed(lang, error.words[spoken(lang)])
    except RecorderError as error:
        failed(lang, worded(error, lang))


async def _check(settings: Settings) -> None:
    """What would end it soon after its start, as far as can be told without starting. Raises Misconfigured."""
    vault.load_kek(settings.kek_file)
    pool = await database.connect(settings.database_url, largest=1)
    try:
        founded = (await database.ledger_of(pool)).shards
        await marking.checked(pool, settings)
    except Unavailable:  # no ledger yet, or out of reach: what is waited for
        return
    finally:
        pool.terminate()
    founding.check_shards(founded, settings.shards)


async def _serve(settings: Settings, grants: Grants) -> None:
    pool = await database.connect(settings.database_url, serving=True)
    terms = Terms(settings.retention_days, settings.erasure_delay_hours)
    recorder = Recorder(settings, pool, Vault.at(pool, settings.kek_file, terms), grants)
    receipts = Receipts(pool, settings.shards)
    seats, owners = Seats(pool, settings.shards), Owners(pool, settings.shards)
    deps = Dependencies(recorder, receipts, recorder.vault, seats, grants, recorder.ready, owners)
    app = web(deps, AuditLog(pool, settings.shards, recorder.checkpoint), settings)
    http = server(settings, app, LARGEST_BODIES)
    try:
        async with background(recorder.run()) as running:
            running.add_done_callback(lambda _: setattr(http, "should_exit", True))
            await http.serve()
        if running.done() and not running.cancelled():
            running.result()  # raises what ended it
    finally:
        pool.terminate()


def web(deps: Dependencies, log: AuditLog, settings: Settings) -> FastAPI:
    """The HTTP application, put together."""
    app = api(deps)
    app.include_router(audit.router(log, deps.grants))
    pages.install(app, partial(channels.document, settings))
    return app


@dataclass(slots=True)
class Parts:
    """What runs once ledger and topics are there."""

    ledger: Ledger
    relay: Relay
    appender: Appender
    quarantine: Quarantine
    checkpointer: Checkpointer
    intake: KafkaIntake
    broker: KafkaBroker
    erasures: Erasures
    refolder: Refolder

    async def stop(self) -> None:
        """Take no more, then publish no more."""
        taking = (self.intake, self.broker, self.appender, self.quarantine)
        for part in (*taking, self.refolder, self.erasures, self.checkpointer, self.relay):
            await part.stop()


class Recorder:
    """Everything behind the HTTP routes. Answers Unavailable until ledger and topics have been reached and checked."""

    def __init__(self, settings: Settings, pool: Pool, vault_: Vault, grants: Grants) -> None:
        self._settings = settings
        self._pool = pool
        self.vault = vault_
        self._grants = grants
        self._parts: Parts | None = None
        self._published = asyncio.get_running_loop().time()  # all, when last somebody asked

    async def submit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """Append, HTTP's way.

        Whoever hears that a person was erased can rely on it: the key is destroyed by then.
        """
        parts = self._started_parts()
        outcomes = await parts.appender.submit(submissions)
        if any(submission.type == ErasePerson.TYPE for submission in submissions):
            await parts.erasures.apply_now()
        return outcomes

    async def dry_run(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """What ``submit`` would answer now; nothing is recorded."""
        return await self._started_parts().appender.dry_run(submissions)

    async def checkpoint(self, shard: int) -> Kept:
        """Sign a shard as it stands, for whoever needs a proof now.

        Raises Contradiction, Misconfigured, Missing, Unavailable.
        """
        return await self._started_parts().checkpointer.make(shard)

    def _started_parts(self) -> Parts:
        if self._parts is None:
            raise Unavailable("the recorder is starting: ledger or topics have not been reached yet")
        return self._parts

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Whether actions are being recorded and events published, not only whether things can be reached."""
        if self._parts is None:
            return False, {"status": "starting"}
        relay, intake = self._parts.relay, self._parts.intake
        now = asyncio.get_running_loop().time()
        if not relay.lag():
            self._published = now  # after a long rest, what is new is not late
        stuck = {
            "database": relay.silent_for() > SILENT_AFTER,
            "intake": intake.idle_for() > STUCK_AFTER,
            "relay": now - max(relay.progressed, self._published) > STUCK_AFTER,
        }
        told = {
            "status": "stuck" if any(stuck.values()) else "ready",
            "stuck": [name for name, is_so in stuck.items() if is_so],
            "intake_behind": intake.behind(),
            "intake_waits": intake.waits(),
            "relay_lag": relay.lag(),
            "read_only_shards": sorted(shard for shard, reason in relay.reasons.items() if reason),
        }
        return not told["stuck"], told

    async def run(self) -> None:
        """Start, however long it takes until ledger and topics answer; then run until cancelled.

        Raises Misconfigured.
        """
        parts = await self._started()
        Log.info("started", ledger=str(parts.ledger.id), shards=parts.ledger.shards)
        try:
            async with background(years.keep(self._pool)):
                await asyncio.Event().wait()
        finally:
            self._parts = None
            await parts.stop()

    async def _started(self) -> Parts:
        while True:
            try:
                return await self._start()
            except (KafkaError, Unavailable, *TRANSIENT) as error:
                Log.warning("start-retried", error=type(error).__name__)
                await asyncio.sleep(_RETRY)
            except NOT_OURS as error:
                why = type(error).__name__
                raise Misconfigured(
                    f"CHENGZHANG_DATABASE_URL names no database of ours ({why}).",
                    f"CHENGZHANG_DATABASE_URL 所指的不是本系统的数据库（{why}）。",
                ) from error

    async def _start(self) -> Parts:
        ledger = await founding.found(self._pool, self._settings.shards)
        async with self._pool.acquire() as connection:
            await vault.migrate(connection)
        await topics.ensure(self._settings)
        await marking.ready(self._pool, self._settings)
        alone = not await leased(self._pool)
        reasons = await history.check_all(self._pool, ledger, self._settings, alone=alone)
        parts = self._parts_of(ledger, reasons)
        read_only = [shard for shard, reason in reasons.items() if reason]
        await parts.erasures.apply(await ahead.erasures(self._pool, ledger, self._settings, read_only), read_only)
        self.vault.closed = None
        await parts.intake.begin()
        for part in (parts.relay, parts.quarantine, parts.erasures, parts.refolder, parts.checkpointer):
            await part.start()
        # HTTP need not wait: joining the group takes as long as Kafka believes in one that was killed.
        self._parts = parts
        try:
            await parts.broker.start()
        except BaseException:
            self._parts = None
            await parts.stop()
            raise
        return parts

    def _parts_of(self, ledger: Ledger, reasons: dict[int, Both | None]) -> Parts:
        relay = Relay(self._pool, ledger, self._settings, reasons)
        appender = Appender(self._pool, ledger, relay, reasons, most_shards=self._settings.commit_shards)
        quarantine = Quarantine(self._pool, ledger, self.vault, self._settings)
        checkpointer = Checkpointer(self._pool, ledger, self._settings)
        senders = Senders(self._grants, self._settings)
        intake = KafkaIntake(
            self._settings, appender, self.vault, quarantine, senders=senders, rereading=Rereading(self._pool)
        )
        broker = broker_of(self._settings)
        intake.subscribe(broker)
        erasures = Erasures(self._pool, self.vault)
        refolder = Refolder(self._pool, self._settings)
        return Parts(ledger, relay, appender, quarantine, checkpointer, intake, broker, erasures, refolder)


def broker_of(settings: Settings) -> KafkaBroker:
    """FastStream's broker; nothing connects until it starts. Raises NoLogin."""
    return broker(settings, topics.NAME, metadata_max_age_ms=_NEW_TOPICS_MS)
