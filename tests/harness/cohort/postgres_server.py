"""A PostgreSQL server of its own for the tests, from the distribution's package; it listens on a Unix socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

OWNER = "grader"
_START_SECONDS = 60
_FAST = ("-c", "fsync=off", "-c", "max_connections=20")


@dataclass
class Server:
    """A server that runs.

    Attributes:
        folder: Of its socket.
    """

    folder: Path
    _made: int = 0

    def empty(self) -> str:
        """Return the URL of a schema without tables, which is made sooner than a database."""
        self._made += 1
        name = f"empty{self._made}"
        with psycopg.connect(host=str(self.folder), user=OWNER, dbname="postgres") as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return self.url("postgres", f"-c search_path={name}")

    def url(self, database: str, options: str = "") -> str:
        """Return the URL of a database that may be there, with a password that the server does not ask for."""
        query = {"host": str(self.folder), "options": options}
        url = URL.create("postgresql+psycopg", OWNER, "s3cret", database=database, query=query)
        return url.render_as_string(hide_password=False)


def binaries() -> Path | None:
    """Return the folder of the newest server that is installed."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: [int(part) for part in path.parent.name.split(".")], default=None)


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """Start a server and stop it again; it ends with this process in any case, and never runs as root."""
    folder = Path(
        tempfile.mkdtemp(prefix="pg-", dir="/tmp")
    )  # short, as a socket's path must be, and for others to enter
    server = None
    try:
        user: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.defpath, "LC_ALL": "C"}}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            user |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
        data = folder / "data"
        made = [programs / "initdb", "-D", data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, **user)
        started = ["setpriv", "--pdeathsig", "QUIT", "--", programs / "postgres", "-D", data, "-k", folder]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen([*started, "-c", "listen_addresses=", *_FAST], stdout=log, stderr=log, **user)
        _wait(server, folder)
        yield Server(folder)
    finally:
        if server is not None:
            server.send_signal(signal.SIGQUIT)  # which asks no client whether it has finished
            server.wait()
        shutil.rmtree(folder)


def _wait(server: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(host=str(folder), user=OWNER, dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"no server came up: {(folder / 'log').read_text()}") from None
            time.sleep(0.05)
