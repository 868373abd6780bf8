"""The store of a class, on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import factories
import postgres_server
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres_server import Server
from sqlalchemy import URL, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.pool import NullPool

from autograder.cohort.store import Known, Store, open_store
from autograder.cohort.store.tables import Table
from autograder.errors import HarnessFault, UsageError
from autograder.records import About, GradeRecord, ManualPoints, Member

A, B, OTHER = "a" * 64, "b" * 64, "c" * 64
"""Digests of what was handed in."""
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for all tests; every test has tables of its own."""
    programs = postgres_server.binaries()
    if programs is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    with postgres_server.running(programs) as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store is made."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite'}"
    server: Server = request.getfixturevalue("server")
    return server.empty()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    with open_store(url, "/reports") as opened:
        yield opened


def record(score: str = "1.00", *manual: ManualPoints, **more: Any) -> GradeRecord:
    """A small record."""
    fields: dict[str, Any] = {"status": "graded", "assignment": "Sums", "submission": "s", "track": "full"}
    return GradeRecord(**fields | {"score": score, "max_score": "4.00", "manual": manual} | more)


def handed_in(at: str) -> About:
    """Who handed in, at a time."""
    return About(name="Zoë Å", id="17", submitted_at=at)


def decision(points: str, reason: str = "well done", **more: Any) -> ManualPoints:
    """What a person gave."""
    return ManualPoints(**{"task": "one", "points": points, "reason": reason, "author": "TA"} | more)


def run_sql(url: str, *statements: str) -> None:
    """Do something to a database from outside."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def refusal(url: str | URL) -> str:
    """The one sentence with which a store is refused."""
    with pytest.raises(UsageError) as caught, open_store(url, "/reports"):
        pass
    message = str(caught.value)
    assert message.startswith("--store: ")
    assert message.isprintable()
    assert "s3cret" not in message
    return message


# ------------------------------------------------------------------------------------------------- keeping gradings


def test_an_empty_store_knows_nothing(store: Store) -> None:
    """Nobody was graded, nobody decided anything, and a decision about a stranger is left alone."""
    store.decide("anna", [decision("1")])

    assert store.known() == {}
    assert store.record("anna", "job") is None
    assert (store.decisions("anna"), store.attempts("anna")) == ((), [])


def test_a_grading_is_there_when_the_store_is_opened_again(url: str) -> None:
    """What was committed is known, with its record, attempt and decisions."""
    kept = record("1.00", decision("0.50"), about=handed_in("2026-03-01T10:00:00+01:00"))
    with open_store(url, "/reports") as store:
        store.commit("anna", A, "job-a", "graded", kept)

    with open_store(url, "/reports") as store:
        assert store.known() == {"anna": Known("job-a", "graded", A)}
        assert store.record("anna", "job-a") == kept
        assert store.record("anna", "job-b") is None
        assert store.record("bert", "job-a") is None
        assert store.attempts("anna") == [kept.about]
        assert store.decisions("anna") == kept.manual


def test_the_same_job_again_takes_the_place_of_its_row(store: Store, url: str) -> None:
    """A job that ended in an error and was done again is one grading of one attempt."""
    store.commit("anna", A, "job", "error", record("0.00"))
    store.commit("anna", A, "job", "graded", record("2.00"))

    assert store.known() == {"anna": Known("job", "graded", A)}
    assert store.record("anna", "job") == record("2.00")
    assert len(store.attempts("anna")) == 1
    with create_engine(url, poolclass=NullPool).connect() as connection:
        assert connection.execute(text("SELECT state, score, max_score FROM grading")).all() == [
            ("graded", "2.00", "4.00")
        ]


def test_back_to_older_files(store: Store) -> None:
    """A, B and A again: A is what stands, as the first attempt, and the grading of B is still there; others do not get in between."""
    first, second = handed_in("2026-03-01T10:00:00+01:00"), handed_in("2026-03-02T10:00:00+01:00")
    store.commit("anna", A, "job-a", "graded", record("1.00", about=first))
    store.commit("anna", B, "job-b", "rejected", record("2.00", about=second))
    store.commit("bert", A, "job-bert", "graded", record("0.00"))
    assert store.known()["anna"] == Known("job-b", "rejected", B)

    store.commit("anna", A, "job-a", "graded", record("3.00", about=handed_in("2026-03-03T10:00:00+01:00")))

    assert store.known() == {"anna": Known("job-a", "graded", A), "bert": Known("job-bert", "graded", A)}
    assert store.record("anna", "job-a").score == "3.00"  # type: ignore[union-attr]
    assert store.record("anna", "job-b").score == "2.00"  # type: ignore[union-attr]
    assert store.attempts("anna") == [first, second]


def test_regrading_is_no_new_attempt(store: Store) -> None:
    """The same files under another job: the newest grading is known, the one before can be read."""
    store.commit("anna", A, "old", "graded", record("1.00"))
    store.commit("anna", A, "new", "set_aside", record("2.00"))

    assert store.known() == {"anna": Known("new", "set_aside", A)}
    assert len(store.attempts("anna")) == 1
    assert store.record("anna", "old") == record("1.00")


def test_decisions_are_replaced_and_keep_their_order(store: Store) -> None:
    """A grading brings those of its record, `decide` replaces all; one that sets points counts where it stands."""
    many = [decision(f"{n}.50", f"reason {n}", sets=n == 5) for n in range(12)]
    store.commit("anna", A, "job-a", "graded", record("1.00", *many))
    store.commit("bert", A, "job-b", "graded", record("1.00", decision("-1")))
    assert store.decisions("anna") == tuple(many)

    store.decide("anna", many[::-1])
    assert store.decisions("anna") == tuple(many[::-1])
    store.commit("anna", B, "job-c", "graded", record("1.00", many[3]))
    assert store.decisions("anna") == (many[3],)
    store.decide("anna", [])
    assert store.decisions("anna") == ()
    assert store.decisions("bert") == (decision("-1"),)


@pytest.mark.parametrize("whole", [factories.every_kind, factories.mixed, factories.rejected, factories.error])
def test_a_record_read_back_is_equal(url: str, whole: Any) -> None:
    """Every kind of record survives, to the byte of its file."""
    with open_store(url, "/reports") as store:
        store.commit("anna", A, "job", "graded", whole())
        found = store.record("anna", "job")

    assert found == whole()
    assert found is not None
    assert found.to_json() == whole().to_json()


def test_long_and_odd_texts(store: Store) -> None:
    """NUL, line ends, bidirectional and wide characters, quotes and long texts come back; keys have up to 80 characters."""
    odd = "\0 \r\n\u2028 '\";-- \u202e \U0001f600 ñ \ufffe %s \\"
    about = About(name=odd, members=(Member(name="名" * 50_000, email=odd),))
    given = decision("0.5000000000000000000000", odd * 20, task=odd, author=odd, sets=True)
    kept = record("1.00", given, about=about, message=odd * 10_000, provenance={odd: odd})
    keys = ["k" * 79 + end for end in "ab"]
    for key in keys:
        store.commit(key, A, "j" * 64, "graded", kept)

    assert sorted(store.known()) == keys
    assert store.record(keys[0], "j" * 64) == kept
    assert store.attempts(keys[0]) == [about]
    assert store.decisions(keys[0]) == (given,)


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60), min_size=1, max_size=4),
    points=st.decimals(-1000, 1000, places=2),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back(store: Store, texts: list[str], points: Any) -> None:
    """Names and reasons of any characters that a record can hold: all but lone surrogates."""
    manual = [decision(str(points), one, task=one) for one in texts]
    about = About(name=texts[0], members=tuple(Member(name=one) for one in texts))
    store.commit("anna", A, "job", "graded", record("1.00", *manual, about=about))

    assert store.decisions("anna") == tuple(manual)
    assert store.record("anna", "job") == record("1.00", *manual, about=about)


@pytest.mark.parametrize("odd", [{"message": "\ud800"}, {"about": About(name="\ud800")}])
def test_what_cannot_be_a_file_is_not_kept(store: Store, odd: dict[str, Any]) -> None:
    """Half of a character, which JSON cannot hold, is refused before anything is written; a decision cannot even be made with it."""
    with pytest.raises(ValueError, match="surrogates"):
        record(**odd).to_json()
    with pytest.raises(ValueError, match="surrogates"):
        store.commit("anna", A, "job", "graded", record(**odd))
    with pytest.raises(ValueError, match="string"):
        decision("1", "\ud800")

    assert store.known() == {}


# ---------------------------------------------------------------------------------------------------------- classes


def test_two_classes_in_one_database(url: str) -> None:
    """The same keys and jobs in another class are other students, also while both are open."""
    with open_store(url, "/spring") as spring, open_store(url, "/autumn") as autumn:
        spring.commit("anna", A, "job", "graded", record("1.00", decision("1")))
        assert autumn.known() == {}
        assert autumn.record("anna", "job") is None
        assert (autumn.decisions("anna"), autumn.attempts("anna")) == ((), [])
        autumn.commit("anna", B, "job", "error", record("2.00"))
        autumn.decide("anna", [])

        assert spring.known() == {"anna": Known("job", "graded", A)}
        assert spring.decisions("anna") == (decision("1"),)
        assert spring.record("anna", "job") != autumn.record("anna", "job")


def test_a_class_may_have_any_path(url: str) -> None:
    """Bytes that are no text, and what they are written as, are two paths."""
    paths = ["/Zoë/%s?#", os.fsdecode(b"/reports/\xff"), r"/reports/\udcff", r"/reports/\\udcff"]
    for number, path in enumerate(paths):
        with open_store(url, path) as store:
            store.commit("anna", A, f"job {number}", "graded", record())

    for number, path in enumerate(paths):
        with open_store(url, path) as store:
            assert store.known() == {"anna": Known(f"job {number}", "graded", A)}


# ------------------------------------------------------------------------------------------------ what may go wrong


def test_a_commit_that_fails_half_way_leaves_nothing(store: Store, url: str) -> None:
    """The last table cannot be written: the student, the attempt and the grading are not there either."""
    store.commit("anna", A, "job-a", "graded", record("1.00", about=handed_in("2026-03-01")))
    run_sql(url, "ALTER TABLE decision RENAME TO hidden")
    for key in ("anna", "bert"):
        with pytest.raises(HarnessFault, match=r"decision.*run the same command again") as caught:
            store.commit(key, B, "job-b", "graded", record("2.00", decision("1", "private"), about=handed_in("x")))
        assert str(caught.value).isprintable()
        assert "private" not in str(caught.value)
        assert "s3cret" not in str(caught.value)
    run_sql(url, "ALTER TABLE hidden RENAME TO decision")

    assert store.known() == {"anna": Known("job-a", "graded", A)}
    assert store.attempts("anna") == [handed_in("2026-03-01")]
    assert store.record("bert", "job-b") is None
    store.commit("bert", B, "job-b", "graded", record("2.00"))
    assert sorted(store.known()) == ["anna", "bert"]


COMMIT_AND_DIE = """
    import os, signal, sys
    from autograder.cohort.store import open_store
    from autograder.records import GradeRecord
    record = GradeRecord(status="graded", assignment="a", submission="s", track="t", score="1.00", max_score="4.00")
    with open_store(sys.argv[1], sys.argv[2]) as store:
        for number in range(3):
            store.commit(f"s{number}", "a" * 64, "job", "graded", record)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_committed_survives_a_kill(url: str) -> None:
    """Two batches that make the same new database, and are killed right after a commit with the store open, lose nothing of it."""
    code, classes = textwrap.dedent(COMMIT_AND_DIE), ("/one", "/two")
    batches = [subprocess.Popen([sys.executable, "-c", code, url, name], cwd=ROOT) for name in classes]

    assert [batch.wait() for batch in batches] == [-signal.SIGKILL, -signal.SIGKILL]
    for name in classes:
        with open_store(url, name) as store:
            assert sorted(store.known()) == ["s0", "s1", "s2"]
            assert store.record("s2", "job") is not None


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    """What does not fit is not there, and what was kept before is."""
    with open_store(f"sqlite:///{tmp_path / 'store.sqlite'}", "/reports") as store:
        store.commit("anna", A, "job", "graded", record())
        with store._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        noise = os.urandom(50_000).hex()
        with pytest.raises(HarnessFault, match=r"store\.sqlite failed \(.*full\)"):
            store.commit("bert", A, "job", "graded", record(message=noise))

        assert list(store.known()) == ["anna"]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "no URL of a database; write sqlite:///PATH or postgresql"),
        ("grades.sqlite", "no URL of a database"),
        ("postgresql://me:pass@host:s3cret/db", "no URL of a database"),
        ("nosuch://me:s3cret@host/db", "nosuch://me:***@host/db needs what is not installed"),
        ("postgresql+nosuch://me:s3cret@host/db", "needs what is not installed"),
        ("mysql+pymysql://me:s3cret@host/db", "needs what is not installed (No module named 'pymysql')"),
        ("sqlite:///x?timeout=soon", "sqlite:///x has an option that cannot be used"),
        ("sqlite:////proc/nothing/store.sqlite", "cannot be opened (unable to open database file)"),
        ("postgresql+psycopg://me:s3cret@127.0.0.1:1/db", "me:***@127.0.0.1:1/db cannot be opened (connection failed"),
        ("postgresql+psycopg://me@/db?host=/nowhere&password=s3cret", "cannot be opened (connection"),
        ("postgresql+psycopg://m\udcff:s3cret@127.0.0.1:1/db", "the postgresql database cannot be opened ('utf-8'"),
        ("postgresql+psycopg://me:s3cret@127.0.0.1:1/db?colour=s3cret", 'invalid connection option "colour"'),
    ],
)
def test_a_url_that_cannot_be_used(url: str, says: str) -> None:
    """Nothing, a path, a port that is none, unknown databases and drivers, no server: sentences without passwords."""
    assert says in refusal(url)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """What is no database, is damaged, or may only be read is left as it is; a path with any characters can be used."""
    text_file = tmp_path / "notes.txt"
    text_file.write_text("no database " * 1000)
    assert "notes.txt cannot be opened (file is not a database)" in refusal(f"sqlite:///{text_file}")
    assert text_file.read_text() == "no database " * 1000
    assert "cannot be opened" in refusal(f"sqlite:///{tmp_path}")

    read_only = tmp_path / "old.sqlite"
    with open_store(f"sqlite:///{read_only}", "/reports"):
        pass
    assert "readonly database" in refusal(f"sqlite:///file:{read_only}?mode=ro&uri=true")

    assert "unable to open" in refusal(URL.create("sqlite", database=f"{tmp_path}/\udcff/store.sqlite"))
    for path in (tmp_path / "a?b#c%41.sqlite", tmp_path / os.fsdecode(b"\xff.sqlite")):
        with open_store(URL.create("sqlite", database=str(path)), "/reports") as store:
            store.commit("anna", A, "job", "graded", record())
        assert path.exists()


def test_a_server_that_refuses(server: Server) -> None:
    """No such database, and one that may only be read: PostgreSQL's own words, without the password."""
    url = server.empty()
    with open_store(url, "/reports"):
        pass
    schema = make_url(url).query["options"]
    read_only = make_url(url).update_query_dict({"options": f"{schema} -c default_transaction_read_only=on"})
    assert "read-only transaction" in refusal(read_only)
    assert 'database "nothing" does not exist' in refusal(server.url("nothing"))


# ------------------------------------------------------------------------------------------------------- migrations


def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    """It is said, and nothing is changed."""
    with open_store(url, "/reports") as store:
        store.commit("anna", A, "job", "graded", record())
    run_sql(url, "UPDATE alembic_version SET version_num = '9999'")

    assert "was written by a newer version of the grader" in refusal(url)
    run_sql(url, "UPDATE alembic_version SET version_num = '0001'")
    with open_store(url, "/reports") as store:
        assert list(store.known()) == ["anna"]


def test_migrations_make_the_tables(url: str, store: Store) -> None:
    """Alembic finds no difference between what the migrations made and `tables.py`, nor do the constraints differ."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Table.metadata) == []
        found = inspect(connection)
        for table in Table.metadata.tables.values():
            unique = {one["name"] for one in found.get_unique_constraints(table.name)}
            foreign = {one["name"] for one in found.get_foreign_keys(table.name)}
            primary = found.get_pk_constraint(table.name)["name"]
            assert {*unique, *foreign, primary} == {constraint.name for constraint in table.constraints}


def test_migrations_can_be_taken_back(url: str, store: Store) -> None:
    """Down to nothing and up again."""
    config = Config()
    config.set_main_option("script_location", "autograder.cohort.store:migrations")
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]

    with open_store(url, "/reports") as again:
        assert again.known() == {}


def test_a_migration_that_is_cut_off_is_done_again(url: str) -> None:
    """Half of the tables are no tables: the next one starts from nothing."""

    def stop(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "CREATE TABLE grading" in statement:
            raise KeyboardInterrupt

    event.listen(Engine, "before_cursor_execute", stop)
    try:
        with pytest.raises(KeyboardInterrupt), open_store(url, "/reports"):
            pass
    finally:
        event.remove(Engine, "before_cursor_execute", stop)
    with create_engine(url, poolclass=NullPool).connect() as connection:
        assert inspect(connection).get_table_names() == []

    with open_store(url, "/reports") as store:
        store.commit("anna", OTHER, "job", "graded", record())
        assert list(store.known()) == ["anna"]
