"""The peer: the library ``eventsourcing`` doing the like work on the same PostgreSQL, in the same run.

Its work is that of the workload's sessions: convened, their rolls, their credits. An action at a time goes through an
application of its own: load the session, decide, save what became of it, waiting for the disk. A session is an
aggregate, saved with optimistic concurrency. The projection is a table of study hours; each event is a transaction
together with its tracking record, so that it counts once. All of that as the library's documentation shows it, with
what makes it faster and gives nothing up: psycopg in C, aggregates kept at hand, an event class's topic as filter.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Recording, Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic
from psycopg.sql import SQL, Identifier

from deploy.local.sample import year
from schemas.learning.meeting import CreditHours, RecordAttendance
from schemas.learning.sessions import ConveneSession
from services.common.settings import Settings
from tests.bench.workload import SEED, YEAR, Json

ACTIONS: Final = 2_000
WARM_UP: Final = 100  # of these actions; of the events projected, too
_CADRES: Final = 100
_SCHEMA: Final = "peer"
_TABLE: Final = Identifier(_SCHEMA, "study_hours")
_TYPES: Final = (ConveneSession.TYPE, RecordAttendance.TYPE, CreditHours.TYPE)
_CONVENED: Final = ("session", "carriers", "starts_at", "minutes", "expected")
_THERE: Final = ("present", "partial")
_PATIENCE: Final = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Rates:
    """Events a second."""

    append: float
    project: float
    events: int


class Session(Aggregate):
    """A session with its roll and its credits."""

    @event("Convened")
    def __init__(
        self, *, office: str, session: str, carriers: list[str], starts_at: str, minutes: int, expected: list[str]
    ) -> None:
        self.office = office
        self.session = session
        self.carriers = carriers
        self.starts_at = starts_at
        self.minutes = minutes
        self.expected = expected
        self.roll: dict[str, str] = {}
        self.credits: dict[str, int] = {}

    @staticmethod
    def create_id(office: str, session: str) -> UUID:
        """A session's own id, so that it is convened once."""
        return uuid5(NAMESPACE_URL, f"/{office}/{session}")

    class Attended(Aggregate.Event):
        """A line of the roll."""

        office: str
        year: int
        person: str
        state: str
        minutes: int

        def apply(self, aggregate: Session) -> None:
            aggregate.roll[self.person] = self.state

    class Credited(Aggregate.Event):
        """Study time for one who was there."""

        office: str
        year: int
        person: str
        account: str
        centi_xueshi: int

        def apply(self, aggregate: Session) -> None:
            aggregate.credits[f"{self.person} {self.account}"] = self.centi_xueshi

    def record(self, roll: Iterable[Json]) -> None:
        """Who was there, once a person."""
        for line in roll:
            if line["person"] in self.roll:
                raise ValueError(line)
            fields = {name: line[name] for name in ("person", "state", "minutes")}
            self.trigger_event(Session.Attended, office=self.office, year=self._year, **fields)

    def credit(self, person: str, account: str, centi_xueshi: int) -> None:
        """Credit study time, once a person and account, to one who was there."""
        if self.roll[person] not in _THERE or f"{person} {account}" in self.credits:
            raise ValueError(person)
        fields = {"person": person, "account": account, "centi_xueshi": centi_xueshi}
        self.trigger_event(Session.Credited, office=self.office, year=self._year, **fields)

    @property
    def _year(self) -> int:
        return int(self.starts_at[:4])


_PROJECTED: Final = (Session.Attended, Session.Credited)


class Sessions(Application[UUID]):
    """Takes the actions, one after the other."""

    def take(self, action: Json) -> list[Recording[UUID]]:
        """Record what becomes of an action."""
        office, data = action["office"], action["data"]
        if action["type"] == ConveneSession.TYPE:
            return self.save(Session(office=office, **{name: data[name] for name in _CONVENED}))
        session: Session = self.repository.get(Session.create_id(office, data["session"]))
        if action["type"] == RecordAttendance.TYPE:
            session.record(data["roll"])
        else:
            session.credit(data["person"], data["account"], data["centi_xueshi"])
        return self.save(session)


class StudyHours(PostgresTrackingRecorder):
    """A person's year in an office: how often there, how long, what was credited."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:  # noqa: ANN401  # the library's own
        super().__init__(datastore, **kwargs)
        self.moments: list[float] = []  # of every commit
        self.sql_create_statements.append(SQL(_CREATE).format(_TABLE))
        self._add = SQL(_ADD).format(_TABLE)

    def add(self, tracking: Tracking, row: tuple[str, int, str, bool, int, int]) -> None:
        """Count an event, once."""
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(self._add, row, prepare=True)
            self._insert_tracking(cursor, tracking)
        self.moments.append(time.perf_counter())


_CREATE: Final = """
    CREATE TABLE IF NOT EXISTS {} (
        office      text,
        year        integer,
        person      text,
        sessions    integer NOT NULL,
        minutes     integer NOT NULL,
        centi_xueshi integer NOT NULL,
        PRIMARY KEY (office, year, person)
    )"""
_ADD: Final = """
    INSERT INTO {} AS t VALUES (%s, %s, %s, %s::boolean::integer, %s, %s)
    ON CONFLICT (office, year, person) DO UPDATE SET
        sessions = t.sessions + excluded.sessions,
        minutes = t.minutes + excluded.minutes,
        centi_xueshi = t.centi_xueshi + excluded.centi_xueshi"""


class Hours(Projection[StudyHours]):
    """Keeps the table."""

    topics = tuple(map(get_topic, _PROJECTED))

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:  # noqa: ANN401  # the library's own
        """Nothing of another kind is asked for."""
        raise TypeError(domain_event, tracking)

    @process_event.register
    def _(self, fact: Session.Attended, tracking: Tracking) -> None:
        self.view.add(tracking, (fact.office, fact.year, fact.person, fact.state in _THERE, fact.minutes, 0))

    @process_event.register
    def _(self, fact: Session.Credited, tracking: Tracking) -> None:
        self.view.add(tracking, (fact.office, fact.year, fact.person, False, 0, fact.centi_xueshi))


def measure(settings: Settings) -> Rates:
    """Append, then project; leaves nothing behind."""
    env = _environment(settings.database_url)
    with _schema(settings.database_url):
        with Sessions(env) as app:
            recorded, append = _append(app, list(islice(_actions(), ACTIONS)))
        last = max(each.notification.id for each in recorded if isinstance(each.domain_event, _PROJECTED))
        return Rates(append, _project(env, last), len(recorded))


def _actions() -> Iterator[Json]:
    made = year.actions(year.Size(YEAR, 1, _CADRES, SEED, "o-p"))
    return (action for action in made if action["type"] in _TYPES)


def _append(app: Sessions, actions: Sequence[Json]) -> tuple[list[Recording[UUID]], float]:
    """What was recorded, and events a second; those of the warm-up apart."""
    for action in actions[:WARM_UP]:
        app.take(action)
    began = time.perf_counter()
    recorded = [each for action in actions[WARM_UP:] for each in app.take(action)]
    return recorded, len(recorded) / (time.perf_counter() - began)


def _project(env: dict[str, str], last: int) -> float:
    """Events a second, up to the last one."""
    with ProjectionRunner(application_class=Sessions, projection_class=Hours, view_class=StudyHours, env=env) as runner:
        runner.wait(last, timeout=_PATIENCE)
        moments = runner.view.moments[WARM_UP:]
    return (len(moments) - 1) / (moments[-1] - moments[0])


def _environment(url: str) -> dict[str, str]:
    to = urlsplit(url)
    with psycopg.connect(url) as connection:
        password = connection.info.password  # the URL may name the file that has it
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": to.path.removeprefix("/"),
        "POSTGRES_HOST": to.hostname or "",
        "POSTGRES_PORT": str(to.port),
        "POSTGRES_USER": to.username or "",
        "POSTGRES_PASSWORD": password,
        "POSTGRES_SCHEMA": _SCHEMA,
        "AGGREGATE_CACHE_MAXSIZE": "1000",
        "AGGREGATE_CACHE_FASTFORWARD": "n",  # nobody else saves; if one did, the version would refuse it
    }


@contextmanager
def _schema(url: str) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(_SCHEMA)))
        try:
            yield
        finally:
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(_SCHEMA)))
