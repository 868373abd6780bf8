"""The tables of the store. Every change of them is a migration in `migrations/versions`; a test holds the two together."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Table(DeclarativeBase):
    """Base of all tables; constraints have names, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Class(Table):
    """Everybody whose reports lie in one folder.

    Attributes:
        name: The absolute path of that folder; "" in the store beside the reports, which moves with them. Backslashes are doubled, and
            bytes that are no text stand as `\\udcff`.
    """

    __tablename__ = "class"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)


class Student(Table):
    """A student, or a group.

    Attributes:
        key: The name of the folder of reports.
        about: `records.About` as JSON, of the newest attempt.
    """

    __tablename__ = "student"
    __table_args__ = (UniqueConstraint("class_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("class.id"), index=True)
    key: Mapped[str] = mapped_column(String(80))
    about: Mapped[str] = mapped_column(Text)


class Attempt(Table):
    """What a student handed in once.

    Attributes:
        number: The first one is 1.
        sha256: Digest of the files as they were handed in.
        about: `records.About` as JSON, with the time of this attempt.
    """

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("student_id", "sha256"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"), index=True)
    number: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    about: Mapped[str] = mapped_column(Text)


class Grading(Table):
    """One grading of an attempt.

    Attributes:
        job: A digest of everything that the grade depends on.
        state: `graded`, `rejected`, `error`, or `set_aside` where it ended the grader again and again.
        score, max_score: Decimal strings; None without a grade.
        record: `result.json`, compressed with zlib.
    """

    __tablename__ = "grading"
    __table_args__ = (UniqueConstraint("attempt_id", "job"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    job: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(16))
    score: Mapped[str | None] = mapped_column(Text)
    max_score: Mapped[str | None] = mapped_column(Text)
    record: Mapped[bytes] = mapped_column(LargeBinary)


class Decision(Table):
    """Points or a comment that a person gave.

    Attributes:
        position: Its place in the order in which they count.
        decided: `records.ManualPoints` as JSON, which holds any text: PostgreSQL keeps no NUL otherwise.
    """

    __tablename__ = "decision"
    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"), index=True)
    position: Mapped[int]
    decided: Mapped[str] = mapped_column(Text)
