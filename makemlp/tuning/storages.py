"""Where a study is kept (floor 4): a SQLite file, a journal file, or a server that may be away for a while."""

from __future__ import annotations

import copy
import random
import re
import time
import warnings
from collections.abc import Callable, Iterator

import optuna
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from makemlp.tuning.journal import SIGNS, Journal, StorageError
from makemlp.tuning.patience import Patience

GRACE = 60  # seconds without a sign of life after which a running trial counts as abandoned
PATIENCE = 120.0  # seconds that one waits for a server that was there before
RETRIES = 3  # so often an abandoned trial is queued again
OPENINGS = 5  # workers that open a fresh database at once trip over each other's tables
FORMS = "sqlite:///FILE, journal:///FILE or postgresql://USER@HOST/DATABASE"
TROUBLE = (SQLAlchemyError, optuna.exceptions.OptunaError, ImportError, OSError, ValueError, KeyError, RuntimeError)

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
        r"unable to open database file|No such file or directory: |Not a directory|Permission denied: |readonly",
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
HOPELESS = re.compile("|".join(words for words, _ in CAUSES[:5]))  # waiting does not mend these


def masked(text: str) -> str:
    """The text with the password of a URL in it replaced by ``***``, also where the URL lacks its scheme."""
    text = re.sub(r"((?:://|^(?!.*://))[^\s:/?#@]*):.*@", r"\1:***@", text)
    return re.sub(r"(?i)((?:password|passwd|pwd|secret|token)\s*=\s*)[^&\s]+", r"\1***", text)


def explain(error: BaseException, url: str) -> str:
    """One sentence for what a storage's libraries raised, without any password."""
    words = _words(error)
    if isinstance(error, StorageError):
        said = f"{masked(url)} {error}"
    elif found := next((sentence for signs, sentence in CAUSES if re.search(signs, words)), None):
        said = found.format(masked(url))
    else:
        first = masked(next(iter(str(error).splitlines()), "")) or type(error).__name__
        said = f"{masked(url)} can't be used ({first.rstrip('.')})"
    is_url = said.startswith(masked(url)) and "://" in url
    return f"{said[:1] if is_url else said[:1].upper()}{said[1:]}."


def lost(error: BaseException) -> bool:
    """Whether an error means that the storage went away.

    If it goes while a trial's end is told, optuna asserts that the trial is over: its assertion is what arrives.
    """
    return any(isinstance(one, optuna.exceptions.StorageInternalError) for one in _causes(error))


def _words(error: BaseException) -> str:
    """What an exception and those that caused it say."""
    return "\n".join(f"{type(one).__name__}: {one}" for one in _causes(error))


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
        try:
            super().record_heartbeat(trial_id)
        except optuna.exceptions.StorageInternalError:
            return


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
    url: str, grace: int = GRACE, patience: float = PATIENCE, say: Callable[[str], None] = lambda sentence: None
) -> BaseStorage:
    """The storage at a URL; tables or the file are made if they are not there.

    Parameters
    ----------
    url : ``sqlite:///FILE``, ``journal:///FILE``, ``postgresql://USER@HOST/DATABASE``, or any of SQLAlchemy's.
    grace : seconds without a sign of life after which a running trial is marked failed, and queued again.
    patience : seconds that one waits for a server that was there before.
    say : called with a sentence when that happens.

    Raises
    ------
    ValueError
        with one sentence that holds no password, if the storage can't be opened.
    """
    for opening in range(OPENINGS):
        try:
            return _open(url, grace, Patience(patience, say))
        except TROUBLE as error:
            sentence, words = explain(error, url), _words(error)
        if opening == OPENINGS - 1 or not re.search("already exists|[Dd]uplicate|UNIQUE|Integrity|deadlock", words):
            break
        time.sleep(random.random())
    raise ValueError(sentence)


def _open(url: str, grace: int, patience: Patience) -> BaseStorage:
    kind, colon, path = url.partition(":///")
    if kind == "journal" and colon and path:
        return Journal(path, patience, grace, _interval(grace), retry)
    if "://" not in url:
        raise ValueError("no URL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # optuna calls signs of life experimental
        return Database(
            url,
            patience,
            heartbeat_interval=_interval(grace),
            grace_period=grace,
            heartbeat_stale_trial_callback=retry,
        )
