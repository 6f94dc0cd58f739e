"""A PostgreSQL server for tests: on loopback, in a scratch folder, as an ordinary user, gone when the tests are."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from needed import missing

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/pgsql/bin")
ORDINARY = "nobody"  # PostgreSQL refuses to run as root


def programs():
    """The folder of PostgreSQL's programs, or None."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    places = [folder for place in PLACES for folder in Path("/").glob(place[1:]) if (folder / "initdb").exists()]
    return max(places, default=None)


class Server:
    """PostgreSQL with one superuser, `user`, who needs `password`, and one database, `study`."""

    user = "course"

    def __init__(self, password):
        self.password = password
        self.programs = programs()
        if self.programs is None:
            missing("no PostgreSQL on this machine (Debian: apt install postgresql)")
        if find_spec("psycopg") is None:
            missing("psycopg is not installed (pip install 'makemlp[cluster]')")
        self.folder = Path(tempfile.mkdtemp(prefix="makemlp-postgresql-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (self.folder / "password").write_text(password, encoding="utf-8")
        self.be = ()
        if os.geteuid() == 0:
            shutil.chown(self.folder, ORDINARY)
            shutil.chown(self.folder / "password", ORDINARY)
            self.be = ("setpriv", f"--reuid={ORDINARY}", "--clear-groups")
        # --no-sync and fsync = off: what is lost when the machine's power goes is a test's scratch folder.
        self.run(
            "initdb",
            "-D",
            "data",
            "-U",
            self.user,
            "-A",
            "scram-sha-256",
            "--pwfile=password",
            "-E",
            "UTF8",
            "--no-sync",
        )
        with (self.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = ''\nfsync = off\n"
            )
        try:
            self.start()
            self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, "study")
        except BaseException:
            self.remove()
            raise

    def run(self, program, *arguments):
        environment = {**os.environ, "PGPASSWORD": self.password, "LC_ALL": "C", "HOME": str(self.folder)}
        done = subprocess.run(
            [*self.be, str(self.programs / program), *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout

    def control(self, *arguments):
        """Start or stop, and wait for it: by default pg_ctl gives up after a minute, which a busy machine may need."""
        self.run("pg_ctl", "-D", "data", "-w", "-t", "900", *arguments)

    def start(self):
        self.control("-l", "log", "start")

    def stop(self):
        self.control("-m", "fast", "stop")

    def restart(self, away):
        """Go, be away for so many seconds, and come back."""
        self.stop()
        time.sleep(away)
        self.start()

    def remove(self):
        if (self.folder / "data" / "postmaster.pid").exists():
            self.control("-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def connections(self):
        """How many clients are connected to the database, this question aside."""
        import psycopg

        where = f"host=127.0.0.1 port={self.port} user={self.user} dbname=study"
        with psycopg.connect(where, password=self.password) as connection:
            count = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'study' AND pid <> pg_backend_pid()"
            return connection.execute(count).fetchone()[0]
