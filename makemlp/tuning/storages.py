"""Where a study is kept (floor 4): a SQLite file, a journal file, or a server that may be away for a while."""

from __future__ import annotations

import contextlib
import copy
import os
import random
import re
import time
import warnings
from collections.abc import Callable, Iterator

import optuna
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event, exists, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from makemlp.tuning.journal import SIGNS, Journal, StorageError
from makemlp.tuning.patience import Patience

GRACE = 60  # seconds without a sign of life after which a running trial counts as abandoned
PATIENCE = 120.0  # seconds that one waits for a server that was there before
RETRIES = 3  # so often an abandoned trial is queued again
OPENINGS = 5  # workers that open a fresh database at once trip over each other's tables
FORMS = "sqlite:///FILE, journal:///FILE or postgresql://USER@HOST/DATABASE"
FILES = ("sqlite", "journal")  # these have no server, so their URLs begin a path after two slashes
TROUBLE = (
    *(SQLAlchemyError, optuna.exceptions.OptunaError, ImportError, OSError, RuntimeError),
    *(ValueError, KeyError, TypeError, AssertionError),  # what optuna makes of a journal with other lines
)

# What the libraries' words mean, and what to do; the first that fits is said. {0} is the masked URL.
CAUSES = (
    (
        r"import DB access module|no pq wrapper",
        "{0} needs a driver that this Python lacks: install it (for PostgreSQL: pip install 'makemlp[cluster]')",
    ),
    (r"load plugin|parse SQLAlchemy URL|invalid literal|no URL", f"{{0}} is no storage's URL: write {FORMS}"),
    (
        r"authentication failed|no password supplied|role .* does not exist",
        "the server of {0} refuses this user or password: check both (a password may stand in PGPASSWORD or ~/.pgpass)",
    ),
    (r"database .* does not exist", "the server of {0} has no such database: create it (createdb), or check the name"),
    (r"resolve|translate host|service not known|getaddrinfo", "{0} names a host that is not known: check its name"),
    (
        r"No space left|File too large|[Qq]uota exceeded|disk is full",
        "{0} can't be written, because its disk is full: make room and start again; all finished trials are kept",
    ),
    (
        r"No locks available|Function not implemented|Operation not supported",
        "the disk of {0} has no locks: put the journal on another disk",
    ),
    (r"READONLY_DBMOVED", "{0} was removed or replaced while a worker used it: bring it back, or begin anew"),
    (r"no such table|relation .* does not exist", "{0} holds no study: check its name, or begin one with a worker"),
    (
        r"unable to open database file|No such file or directory: |Not a directory|Permission denied: |readonly"
        r"|Read-only file system",
        "{0} can't be written: see to it that its folder is there and yours",
    ),
    (r"Is a directory|not a database|JSON|Expecting|Invalid log", "{0} is no study's file: pass another path"),
    (r"database is locked", "{0} is locked by too many workers: use a journal file or PostgreSQL"),
    (
        r"refused|timeout|timed out|unreachable|closed the connection|connection.* failed|shutting down|starting up"
        r"|terminating connection|connection is lost|connection is closed",
        "no server answers at {0}: see to it that it runs, and check host and port",
    ),
)
HOPELESS = re.compile("|".join(words for words, _ in CAUSES[:5]))  # waiting does not help here


def masked(url: str) -> str:
    """A storage's URL in which nothing is left that could be a part of a password.

    It is taken apart by SQLAlchemy, which connects by it. A part is shown only if it is written plainly, and if what
    stands behind the last ``@`` is what SQLAlchemy takes for host, port and database. A password with an ``@`` of its
    own fails this, because SQLAlchemy then takes its end for the host. Whatever can't be taken apart is masked as a
    whole, and so is what can be taken apart in two ways: a ``/`` or ``?`` before the ``@`` may end the host.
    """
    kind, is_url, rest = url.partition("://")
    if not is_url:
        return url if re.fullmatch(r"([A-Za-z]:)?[\w. /\\-]*", url) else "***"
    if not re.fullmatch(r"[A-Za-z][\w+]*", kind):
        return "***"
    user, at, tail = rest.rpartition("@")
    place, _, query = tail.partition("?")
    if kind.partition("+")[0] in FILES and rest.startswith("/"):
        user, at, (place, _, query) = "", "", rest.partition("?")
    elif set("/?") & set(user) or not _plain(kind, url, tail):
        return f"{kind}://***"
    return f"{kind}://{_masked_user(user)}{at}{place}{_masked_query(query)}"


def _plain(kind: str, url: str, tail: str) -> bool:
    """Whether host, port and database of a URL are these, and nothing but names."""
    try:
        whole, without_user = make_url(url), make_url(f"{kind}://{tail}")
    except (SQLAlchemyError, ValueError):
        return False
    names = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[\w.,-]*)(:\d*)?(/[\w. +-]*)?(\?.*)?", tail, re.S)
    parts = ("host", "port", "database")
    return bool(names) and all(getattr(whole, part) == getattr(without_user, part) for part in parts)


def _masked_user(user: str) -> str:
    """A user's name, which may be an address if a password follows; a lone one may be a name and a password."""
    name, has_password, _ = user.partition(":")
    if not re.fullmatch(r"[\w.+-]*(@[\w.-]+)?" if has_password else r"[\w.+-]*", name):
        name = "***"
    return f"{name}:***" if has_password else name


def _masked_query(query: str) -> str:
    """The parameters, if all of them are known to hold no secret: a secret may hold a ``&``."""
    known = r"(host|port|user|dbname|sslmode|connect_timeout|application_name)=[\w.,/-]*"
    if not query:
        return ""
    return f"?{query}" if re.fullmatch(f"{known}(&{known})*", query) else "?***"


def explain(error: BaseException, url: str) -> str:
    """One sentence for what a storage's libraries raised, without any password."""
    shown, words = masked(url), _words(error)
    own = next((one for one in _causes(error) if isinstance(one, StorageError)), None)
    if own is not None:
        said = f"{shown} {own}"
    elif found := next((sentence for signs, sentence in CAUSES if re.search(signs, words)), None):
        said = found.format(shown)
    else:
        # The libraries' words may quote a part of the URL that they took for something else.
        first = next(iter(str(error).splitlines()), "") if shown == url and "://" in url else ""
        said = f"{shown} can't be used ({first.rstrip('.') or type(error).__name__})"
    is_url = said.startswith(shown) and "://" in url
    return f"{said[:1] if is_url else said[:1].upper()}{said[1:]}."


def lost(error: BaseException) -> bool:
    """Whether an error means that the storage went away.

    If it goes while a trial's end is told, optuna stumbles over its own code: it asserts that the trial is over, or it
    names a variable (``updated_state``) that it has not set. That is what arrives, and the cause is behind it.
    """
    stumbled = isinstance(error, (AssertionError, UnboundLocalError))
    gone = (optuna.exceptions.StorageInternalError, SQLAlchemyError, OSError)
    return any(isinstance(one, gone) for one in (_causes(error) if stumbled else [error]))


def on_disk(error: BaseException) -> bool:
    """Whether the storage that went away is a file."""
    return not any(isinstance(one, (optuna.exceptions.StorageInternalError, SQLAlchemyError)) for one in _causes(error))


def _words(error: BaseException) -> str:
    """What an exception and those that caused it say."""
    return "\n".join(f"{type(one).__name__}: {one} {getattr(one, 'sqlite_errorname', '')}" for one in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, the one that caused it, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class Database(RDBStorage):
    """Optuna's storage in a database, with patience for a server that was there before."""

    def __init__(self, url: str, patience: Patience, **options: object):
        self.patience = patience
        address = make_url(url)
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        sqlite = address.get_backend_name() == "sqlite"
        if sqlite:
            engine = {"connect_args": {"timeout": 60}}  # the file is locked while another worker writes
        else:
            # A trial and its sign of life each take one connection; a server has a hundred for all workers.
            engine = {"pool_pre_ping": True, "pool_size": 1, "max_overflow": 1}
        if address.get_backend_name() == "postgresql":
            engine["connect_args"] = {"connect_timeout": 10}
        plain = address.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
        super().__init__(plain, engine_kwargs=engine, **options)
        if not sqlite:
            event.listen(self.engine, "do_connect", self._connect)

    def _connect(self, dialect, record, arguments, options):
        return self.patience.call(lambda: dialect.connect(*arguments, **options), dialect.loaded_dbapi.Error, HOPELESS)

    def record_heartbeat(self, trial_id: int) -> None:
        """A sign of life. If one is lost with the connection, the next will do."""
        # Whatever is wrong with the storage, the trial itself meets it too, and says so in a sentence; the thread that
        # gives signs would only end with a traceback.
        with contextlib.suppress(Exception):
            super().record_heartbeat(trial_id)

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        """Optuna never ends a trial whose first sign was lost, so it gets one from whoever finds it."""
        trials, signs = models.TrialModel, models.TrialHeartbeatModel
        signless = (
            select(trials.trial_id)
            .where(trials.study_id == study_id, trials.state == TrialState.RUNNING)
            .where(~exists().where(signs.trial_id == trials.trial_id))
        )
        with self.engine.connect() as connection:
            found = connection.execute(signless).scalars().all()
        for trial_id in found:
            self.record_heartbeat(trial_id)
        return super()._get_stale_trial_ids(study_id)


def _interval(grace: int) -> int:
    return max(1, grace // 4)


def retry(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queue a trial again with the same settings, unless that was done RETRIES times."""
    trial = copy.deepcopy(trial)  # optuna appends to a list of the trial's
    trial.system_attrs = {name: value for name, value in trial.system_attrs.items() if name not in SIGNS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=RETRIES)(study, trial)


def open_storage(
    url: str,
    grace: int = GRACE,
    patience: float = PATIENCE,
    say: Callable[[str], None] = lambda sentence: None,
    only_read: bool = False,
) -> BaseStorage:
    """The storage at a URL; tables or the file are made if they are not there.

    Parameters
    ----------
    url : ``sqlite:///FILE``, ``journal:///FILE``, ``postgresql://USER@HOST/DATABASE``, or any of SQLAlchemy's.
    grace : seconds without a sign of life after which a running trial is marked failed, and queued again.
    patience : seconds that one waits for a server that was there before.
    say : called with a sentence when that happens, or when half a line is dropped from a journal.
    only_read : make and change nothing.

    Raises
    ------
    ValueError
        with one sentence that holds no password, if the storage can't be opened.
    """
    for opening in range(OPENINGS):
        try:
            storage = _open(url, grace, Patience(patience, say), only_read)
            storage.kept_at = masked(url)
            return storage
        except TROUBLE as error:
            sentence, words = explain(error, url), _words(error)
        if opening == OPENINGS - 1 or not re.search("already exists|[Dd]uplicate|UNIQUE|Integrity|deadlock", words):
            break
        time.sleep(random.random())
    raise ValueError(sentence)


def _open(url: str, grace: int, patience: Patience, only_read: bool) -> BaseStorage:
    kind, colon, path = url.partition(":///")
    if "://" not in url:
        raise ValueError("no URL")
    if kind in FILES and only_read and not os.path.exists(path.partition("?")[0] if kind == "sqlite" else path):
        raise StorageError("is not there: check its name")
    if kind == "journal" and colon and path:
        return Journal(path, patience, grace, _interval(grace), retry, only_read)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # optuna calls signs of life experimental
        return Database(
            url,
            patience,
            heartbeat_interval=_interval(grace),
            grace_period=grace,
            heartbeat_stale_trial_callback=retry,
            skip_table_creation=only_read,
        )
