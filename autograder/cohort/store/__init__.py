"""What a class handed in, every grading of it and every decision of a person: SQLite beside the reports, or PostgreSQL by URL.

One process writes: the batch, which holds the lock of the folder of reports. `result.json` stays what tools read; what is here is the
journal from which a batch goes on, and from which a lost result is written again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from sqlite3 import Connection as SQLiteConnection
from typing import Literal, cast

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, delete, event, func, make_url, select, update
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from autograder.cohort.store.tables import Attempt, Class, Decision, Grading, Student
from autograder.errors import HarnessFault, UsageError
from autograder.intake import printable
from autograder.records import About, GradeRecord, ManualPoints

__all__ = ["Known", "State", "Store", "Stored", "open_store"]

State = Literal["graded", "rejected", "error", "set_aside"]


@dataclass(frozen=True)
class Known:
    """The newest grading of a student, without its record."""

    job: str
    state: State
    sha256: str


@dataclass(frozen=True)
class Stored:
    """An attempt of a student, with its newest grading.

    Attributes:
        about: Who handed it in, and when for the first time.
    """

    about: About
    known: Known


class Store:
    """The rows of one class. Every method is one transaction, and raises `HarnessFault` where the database fails."""

    def __init__(self, engine: Engine, name: str) -> None:
        """`name` is the class's, see `tables.Class`; it is made if it is not there."""
        name = _storable(name)
        self._engine = engine
        with Session(engine) as session, session.begin():
            row = session.scalar(select(Class).where(Class.name == name))
            if row is None:
                row = Class(name=name)
                session.add(row)
                session.flush()
            self._id = row.id
            # what may only be read is to fail here, and not after the first grading
            session.execute(update(Class).where(Class.id == self._id).values(name=name))

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        """Keep all that is done in it, or nothing."""
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            raise HarnessFault(
                f"--store: {_shown(self._engine.url)} failed ({_reason(error)}); "
                "what was kept before is kept: repair it, and run the same command again"
            ) from None

    def known(self) -> dict[str, Known]:
        """Return by key what is known of every student who was graded."""
        rows = (
            select(Student.key, Grading.job, Grading.state, Attempt.sha256)
            .join(Attempt, Attempt.student_id == Student.id)
            .join(Grading, Grading.attempt_id == Attempt.id)
            .where(Student.class_id == self._id)
            .order_by(Grading.id)
        )
        with self._transaction() as session:
            return {key: Known(job, cast("State", state), sha256) for key, job, state, sha256 in session.execute(rows)}

    def stored(self) -> dict[str, list[Stored]]:
        """Return by key the attempts of every student that were graded, the first one first."""
        rows = (
            select(Student.key, Attempt.about, Attempt.sha256, Grading.job, Grading.state)
            .join(Attempt, Attempt.student_id == Student.id)
            .join(Grading, Grading.attempt_id == Attempt.id)
            .where(Student.class_id == self._id)
            .order_by(Attempt.number, Grading.id)
        )
        newest: dict[str, dict[str, Stored]] = {}
        with self._transaction() as session:
            for key, about, sha256, job, state in session.execute(rows):
                one = Stored(About.model_validate_json(about), Known(job, cast("State", state), sha256))
                newest.setdefault(key, {})[sha256] = one
        return {key: list(attempts.values()) for key, attempts in newest.items()}

    def commit(self, key: str, sha256: str, job: str, state: State, record: GradeRecord) -> None:
        """Keep a grading, with whose it is and what people decided; the same job again takes the place of its row."""
        about = record.about.model_dump_json()
        with self._transaction() as session:
            student = session.scalar(select(Student).where(Student.class_id == self._id, Student.key == key))
            if student is None:
                student = Student(class_id=self._id, key=key)
                session.add(student)
            student.about = about
            session.flush()
            attempt = self._attempt(session, student.id, sha256, about)
            grading = session.scalar(select(Grading).where(Grading.attempt_id == attempt.id, Grading.job == job))
            if grading is not None:
                session.delete(grading)  # the newest grading has the greatest number
                session.flush()
            row = Grading(attempt_id=attempt.id, job=job, state=state, score=record.score, max_score=record.max_score)
            row.record = zlib.compress(record.to_json().encode())
            session.add(row)
            _decide(session, student.id, record.manual)

    @staticmethod
    def _attempt(session: Session, student: int, sha256: str, about: str) -> Attempt:
        found = session.scalar(select(Attempt).where(Attempt.student_id == student, Attempt.sha256 == sha256))
        if found is None:
            count = session.scalar(select(func.count()).where(Attempt.student_id == student)) or 0
            found = Attempt(student_id=student, number=count + 1, sha256=sha256, about=about)
            session.add(found)
            session.flush()
        return found

    def record(self, key: str, job: str) -> GradeRecord | None:
        """Return the record of a grading; None where there is none."""
        row = (
            select(Grading.record)
            .join(Attempt, Attempt.id == Grading.attempt_id)
            .join(Student, Student.id == Attempt.student_id)
            .where(Student.class_id == self._id, Student.key == key, Grading.job == job)
        )
        with self._transaction() as session:
            packed = session.scalar(row)
        return None if packed is None else GradeRecord.model_validate_json(zlib.decompress(packed))

    def decide(self, key: str, manual: Sequence[ManualPoints]) -> None:
        """Keep what people decided about a student since the grading."""
        with self._transaction() as session:
            student = session.scalar(select(Student.id).where(Student.class_id == self._id, Student.key == key))
            if student is not None:
                _decide(session, student, manual)

    def decisions(self, key: str) -> tuple[ManualPoints, ...]:
        """Return what people decided about a student, in the order in which it counts."""
        rows = (
            select(Decision.decided)
            .join(Student, Student.id == Decision.student_id)
            .where(Student.class_id == self._id, Student.key == key)
            .order_by(Decision.position)
        )
        with self._transaction() as session:
            return tuple(ManualPoints.model_validate_json(decided) for decided in session.scalars(rows))

    def attempts(self, key: str) -> list[About]:
        """Return who handed in and when, for each of a student's attempts, the first one first."""
        rows = (
            select(Attempt.about)
            .join(Student, Student.id == Attempt.student_id)
            .where(Student.class_id == self._id, Student.key == key)
            .order_by(Attempt.number)
        )
        with self._transaction() as session:
            return [About.model_validate_json(about) for about in session.scalars(rows)]


def _decide(session: Session, student: int, manual: Sequence[ManualPoints]) -> None:
    wanted = [one.model_dump_json() for one in manual]
    kept = select(Decision.decided).where(Decision.student_id == student).order_by(Decision.position)
    if session.scalars(kept).all() == wanted:  # as for most students each time: then nothing waits for the disk
        return
    session.execute(delete(Decision).where(Decision.student_id == student))
    session.add_all(Decision(student_id=student, position=at, decided=decided) for at, decided in enumerate(wanted))


def _storable(name: str) -> str:
    """Return text for a path, which may hold bytes that are none: a different one for every path."""
    return name.replace("\\", r"\\").encode(errors="backslashreplace").decode()


@contextmanager
def open_store(url: str | URL, name: str) -> Iterator[Store]:
    """Open the store at a URL of SQLAlchemy, `sqlite:///PATH` or `postgresql+psycopg://...`, and bring its tables up to date.

    Raises:
        UsageError: It cannot be opened, or it was written by a newer version.
    """
    engine = _engine(url)
    try:
        try:
            _migrate(engine)
            store = Store(engine, name)
        except (SQLAlchemyError, ImportError, UnicodeError) as error:  # of a driver that finds out only now
            raise UsageError(
                f"--store: {_shown(engine.url)} cannot be opened ({_reason(error)}); correct it, or leave --store out"
            ) from None
        yield store
    finally:
        engine.dispose()


def _engine(url: str | URL) -> Engine:
    advice = "write sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):  # whose words may hold the password
        raise UsageError(
            f"--store: this is no URL of a database; {advice}, with %XX for special characters in a password"
        ) from None
    try:
        engine = create_engine(parsed)
    except (NoSuchModuleError, ImportError) as error:
        raise UsageError(
            f"--store: {_shown(parsed)} needs what is not installed ({_reason(error)}); {advice}"
        ) from None
    except (SQLAlchemyError, TypeError, ValueError) as error:
        raise UsageError(
            f"--store: {_shown(parsed)} has an option that cannot be used ({_reason(error)}); {advice}"
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _careful)
        event.listen(engine, "begin", _begin)
    return engine


def _careful(connection: SQLiteConnection, _: object) -> None:
    """A committed row survives a power cut, and readers do not wait."""
    connection.isolation_level = None  # Python's own would leave the making of tables outside of transactions
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    """Wait here for whoever writes; a transaction that reads first could not begin to write after another has written."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


_MIGRATING = 0x6175746F
"""Whoever brings the tables of a PostgreSQL database up to date holds the advisory lock of this number."""


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", f"{__name__}:migrations")
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise UsageError(
                f"--store: {_shown(engine.url)} was written by a newer version of the grader ({_reason(error)}); "
                "install that one, or name another --store"
            ) from None


def _shown(url: URL) -> str:
    """Return a URL without what may be secret, on one line."""
    try:
        return printable(url.set(query={}).render_as_string(hide_password=True))
    except UnicodeError:  # the name of a file or a user holds bytes that are no text
        return f"the {url.get_backend_name()} database"


def _reason(error: Exception) -> str:
    """Return what went wrong, in one line; the whole error of a database holds the statement with all that was to be kept."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return printable(lines[0] if lines else type(error).__name__, 200)
