"""A study that several workers share, in PostgreSQL and in a journal file: real server, processes and signals."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from itertools import count
from urllib.parse import quote

import hypothesis
import pytest
from hypothesis import strategies as st
from postgresql import Server

from makemlp import Objective, Vocabulary, load_names, open_study, split, tune
from makemlp.tuning import SPACE, finished, standing

optuna = pytest.importorskip("optuna")

from sqlalchemy import event  # noqa: E402  (comes with optuna)
from sqlalchemy.pool import Pool  # noqa: E402

from makemlp.tuning import storages  # noqa: E402  (needs optuna)
from makemlp.tuning.worker import Interruptible, main, work  # noqa: E402

SECRET = "s3cr3t"
PASSWORD = SECRET + "{x}@/:%"  # what a URL, and optuna's templates, could stumble over
NAMES = load_names()[:600] + load_names()[:50]  # some of them twice
TRAIN, DEV, _ = split(NAMES)
OBJECTIVE = Objective(TRAIN, DEV, Vocabulary(NAMES), budget=5e9)
GRACE = 6


@pytest.fixture(scope="module")
def server():
    server = Server(PASSWORD)
    yield server
    server.remove()


@pytest.fixture(scope="module")
def names_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("names") / "names.txt"
    file.write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    return file


def address(server, password=PASSWORD, database="study", port=None):
    word = f":{quote(password, safe='')}" if password else ""
    return f"postgresql://{server.user}{word}@127.0.0.1:{port or server.port}/{database}"


@pytest.fixture(scope="module", params=["postgresql", "journal"])
def url(request, tmp_path_factory):
    if request.param == "postgresql":
        return address(request.getfixturevalue("server"))
    return f"journal:///{(tmp_path_factory.mktemp('disk') / 'study.journal').as_posix()}"


def until(condition, seconds=300):
    """Wait for what must come sooner or later; the limit is only there so that a fault does not hang the tests."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return found


# --- four workers: one is killed, one is told to stop, and the server goes and comes back ---


class Process:
    """A worker, as a person starts it in a terminal; the password comes by the environment."""

    def __init__(self, url, names_file, log, *options):
        self.log = log
        command = [sys.executable, "-m", "makemlp.tuning", "worker", "--study", "class", "--names", str(names_file)]
        command += ["--storage", re.sub("(?<=//course):[^@]*", "", url), "--grace", str(GRACE), *options]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env={**os.environ, "PGPASSWORD": PASSWORD}, stdout=output, stderr=subprocess.STDOUT
            )

    def said(self):
        return self.log.read_text(encoding="utf-8")

    def hold_in_mid_trial(self, study):
        """Stand still while the storage says that a trial of this worker runs; returns the trial's number."""

        def held():
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(0.05)  # until what it had sent has arrived
            for trial in study.get_trials(deepcopy=False):
                mine = trial.user_attrs.get("worker", "").endswith(f":{self.process.pid}")
                if mine and trial.state.name == "RUNNING":
                    return trial
            self.process.send_signal(signal.SIGCONT)
            return None

        return until(held).number

    def stop_in_mid_trial(self, study):
        """Tell this worker to stop in mid-trial; returns the trial's number, or None if it was at the trial's end."""
        number = self.hold_in_mid_trial(study)
        assert self.end(signal.SIGTERM) == 0, self.said()
        return number if f"\nStopped: trial {number} is queued again.\n" in self.said() else None

    def end(self, signum):
        """Send a signal to a process that may stand still; returns the exit code."""
        self.process.send_signal(signum)
        self.process.send_signal(signal.SIGCONT)
        return self.process.wait(300)  # for what hangs


def tried_again(study, number):
    """The finished trials that were queued because this one was not finished."""
    return [t for t in study.get_trials(deepcopy=False) if number in history(t) and t.state.name in FINISHED]


def each_has_one(study):
    """Whether every trial that runs is the only one of a worker that is known."""
    at_work = [t.user_attrs.get("worker") for t in study.get_trials(deepcopy=False) if t.state.name == "RUNNING"]
    return None not in at_work and len(set(at_work)) == len(at_work)


def history(trial):
    return trial.system_attrs.get("retry_history", [])


FINISHED = ("COMPLETE", "PRUNED")


@pytest.fixture(scope="module")
def story(request, url, names_file, tmp_path_factory):
    """What happened, lived through once for all the tests below."""
    logs = tmp_path_factory.mktemp("logs")
    study = open_study(OBJECTIVE, storages.open_storage(url, grace=GRACE), "class")
    numbers = count()

    def begin():
        return Process(url, names_file, logs / f"{next(numbers)}.txt")

    workers = [begin() for _ in range(4)]
    killed, _, *others = workers
    try:
        until(lambda: all("\ntrial " in worker.said() for worker in workers))
        told = {"victim": killed.hold_in_mid_trial(study), "codes": [killed.end(signal.SIGKILL)]}
        while (ended := workers[1].stop_in_mid_trial(study)) is None:
            workers.append(workers[1])
            workers[1] = begin()
        told["ended"] = ended
        if url.startswith("postgresql"):
            server = request.getfixturevalue("server")
            told["connections"] = server.connections()
            server.restart(away=1.5)
        before = len(finished(study))
        until(lambda: len(finished(study)) >= before + 6)
        until(lambda: all(tried_again(study, told[which]) for which in ("victim", "ended")))
        until(lambda: each_has_one(study))  # what a lost connection left half-done is found by then
        told["codes"] += [worker.end(signal.SIGTERM) for worker in others]
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.wait()
    return told | {"study": study, "trials": study.trials, "said": [worker.said() for worker in workers]}


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the signals are those of Unix")


def test_every_trial_that_was_reported_is_there_once(story):
    trials = story["trials"]
    assert [trial.number for trial in trials] == list(range(len(trials)))
    said = [line for text in story["said"] for line in re.findall(r"^trial (\d+): (.+)$", text, re.M)]
    kept = [
        (str(t.number), f"dev {t.value:.4f}" if t.state.name == "COMPLETE" else "pruned")
        for t in trials
        if t.state.name in FINISHED
    ]
    assert sorted(said) == sorted(kept) and len(kept) >= 10
    for trial in trials:
        assert trial.state.name != "COMPLETE" or sorted(trial.intermediate_values) == [1, 2, 3, 4]


def test_four_workers_took_part_and_none_drew_what_another_had(story):
    trials = [t for t in story["trials"] if t.state.name in FINISHED and not history(t)]
    assert len({trial.user_attrs["worker"] for trial in trials}) >= 4
    assert len({trial.params["learning_rate"] for trial in trials}) == len(trials)


def test_a_killed_workers_trial_fails_and_is_tried_again_with_its_settings(story):
    victim = story["trials"][story["victim"]]
    assert victim.state.name == "FAIL" and story["codes"][0] == -signal.SIGKILL
    [again] = tried_again(story["study"], victim.number)
    assert again.params.items() >= victim.params.items()
    assert again.user_attrs["worker"] != victim.user_attrs["worker"]


def test_a_worker_that_is_told_to_stop_hands_its_trial_on_and_says_so(story):
    ended = story["trials"][story["ended"]]
    assert ended.state.name == "FAIL" and story["codes"][1:] == [0, 0]
    assert f"\nStopped: trial {ended.number} is queued again.\n" in story["said"][1]
    assert len(tried_again(story["study"], ended.number)) == 1
    assert "RUNNING" not in {trial.state.name for trial in story["trials"]}
    for text in story["said"][1:]:
        assert re.search(r"\nStopped(: trial \d+ is queued again| between two trials)\.\n\d+ done", text)
        assert re.search(r"; best dev \d\.\d{4} by trial \d+: block_size \d, emb_dim \d+, .*\.\n$", text)


def test_a_server_that_comes_back_costs_no_worker(story, url):
    if url.startswith("journal"):  # it has none
        assert not any("server" in text or "lost" in text for text in story["said"])
        return
    for text in story["said"][2:]:
        assert len(re.findall(r"^The server does not answer; waiting for it, 120 seconds at most\.$", text, re.M)) <= 2
    assert any("The server does not answer" in text for text in story["said"][2:])
    # A trial and its sign of life take one each. The two workers that were left, and this process.
    assert 3 <= story["connections"] <= 6


def test_no_output_holds_a_traceback_or_the_password(story):
    text = "".join(story["said"])
    assert "Traceback" not in text and "Error" not in text and SECRET not in text


def test_the_best_equals_a_retraining_and_the_notebook_goes_on(story, url):
    study = open_study(OBJECTIVE, url, "class", seed=1)
    assert OBJECTIVE.fit(**study.best_params)[1] == study.best_value
    first = finished(study)
    assert {row["number"] for row in first} >= {t.number for t in story["trials"] if t.state.name in FINISHED}
    tune(study, OBJECTIVE, trials=3)  # first of all what waits to be tried again
    assert len(finished(study)) == len(first) + 3 and standing(study)["running"] == 0
    assert [row for row in finished(study) if row in first] == first


# --- what is refused, in one sentence ---


def refused(capfd, *arguments):
    """The one sentence that a worker ends with, which holds no password."""
    assert main(arguments) == 1
    out, err = capfd.readouterr()
    assert err.count("\n") == 1 and "Traceback" not in err and SECRET not in out + err, err
    return err.strip()


def worker_on(url, names_file, study="class"):
    return ("worker", "--storage", url, "--study", study, "--names", str(names_file), "--trials", "1")


def test_another_data_set_is_refused(story, url, names_file, capfd, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("\n".join(NAMES[1:]) + "\n", encoding="utf-8")
    said = refused(capfd, *worker_on(url, other))
    assert said == "The study 'class' that is kept there has other names: pass another name."
    assert "other names" in refused(capfd, *worker_on(url, names_file), "--unique")


def test_another_version_of_the_space_or_another_budget_is_refused(story, url, names_file, capfd, monkeypatch):
    assert "has another budget" in refused(capfd, *worker_on(url, names_file), "--budget", "1e9")
    monkeypatch.setitem(SPACE, "hidden_dim", (50, 5000))
    said = refused(capfd, *worker_on(url, names_file))
    assert said == "The study 'class' that is kept there has another search space: pass another name."


def test_a_worker_takes_the_studys_budget_and_says_how_it_stands(story, url, names_file, capfd):
    assert main(worker_on(url, names_file)) == 0
    out, err = capfd.readouterr()
    assert re.search(r"\ntrial \d+: (dev \d|pruned)", out) and SECRET not in out + err
    if url.startswith("postgresql"):
        assert "on study 'class' at postgresql://course:***@127.0.0.1:" in out
    assert main(("status", "--storage", url, "--study", "class")) == 0
    assert out.endswith(capfd.readouterr().out)
    there = refused(capfd, "status", "--storage", url, "--study", "klass")
    assert there.endswith("has no study 'klass': there is class.")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"password": SECRET}, "the server of {} refuses this user or password: check both"),
        ({"password": None}, "the server of {} refuses this user or password: check both"),
        ({"database": "none"}, "the server of {} has no such database: create it (createdb), or check the name."),
        ({"port": 1}, "no server answers at {}: see to it that it runs, and check host and port."),
        ({"port": "x"}, "{} is no storage's URL: write sqlite:///FILE, journal:///FILE or postgresql://"),
    ],
)
def test_a_server_that_refuses(server, changed, says, capfd, names_file, monkeypatch, tmp_path):
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    url = address(server, **changed)
    said = refused(capfd, *worker_on(url, names_file))
    sentence = says.format(storages.masked(url))
    assert said.startswith(sentence[0].upper() + sentence[1:] if not says.startswith("{}") else sentence)
    assert "***" in said or changed == {"password": None}


def test_a_server_that_is_lost_for_good_is_waited_for_in_bounds(server, capfd):
    storage = storages.open_storage(address(server), patience=1.0, say=print)
    study = open_study(OBJECTIVE, storage, "lost")
    server.stop()
    try:
        began = time.monotonic()
        with pytest.raises(
            ValueError,
            match=r"^No server answers at postgresql://course:\*\*\*@127\.0\.0\.1:\d+/study: see to it that it runs",
        ) as caught:
            tune(study, OBJECTIVE, trials=1)
        assert time.monotonic() - began > 1.0 and SECRET not in str(caught.value)
        out, err = capfd.readouterr()
        assert out.count("The server does not answer; waiting for it, 1 seconds at most.") == 1
        assert "Traceback" not in err and SECRET not in out + err
    finally:
        server.start()
    tune(study, OBJECTIVE, trials=1)
    assert standing(study)["done"] == 1


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///{}/none/study.db", "can't be written: see to it that its folder is there and yours."),
        ("sqlite:///{}/text", "is no study's file: pass another path."),
        ("journal:///{}/none/study.journal", "can't be written: see to it that its folder is there and yours."),
        ("journal:///{}/text", "is no study's file: pass another path."),
        ("journal:///{}", "is no study's file: pass another path."),
        ("oddity://course:s3cr3t@host/study", "is no storage's URL: write sqlite:///FILE, journal:///FILE or postgres"),
        ("course:s3cr3t@host/study", "is no storage's URL: write sqlite:///FILE, journal:///FILE or postgresql://"),
        ("postgresql://course:s3cr3t@no.such.host.invalid/study", "names a host that is not known: check its name."),
        ("postgresql+none://course:s3cr3t@host/study", "is no storage's URL: write sqlite"),
    ],
)
def test_a_wrong_url_is_refused(url, says, tmp_path, capfd, names_file):
    (tmp_path / "text").write_text("no study\n" * 100, encoding="utf-8")
    url = url.format(tmp_path.as_posix())
    assert refused(capfd, *worker_on(url, names_file)).startswith(f"{storages.masked(url)} {says}")


def test_a_missing_driver_is_named(monkeypatch, capfd, names_file):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    said = refused(capfd, *worker_on(f"postgresql://course:{SECRET}@host/study", names_file))
    assert said == (
        "postgresql://course:***@host/study needs a driver that this Python lacks: install it (for "
        "PostgreSQL: pip install 'makemlp[cluster]')."
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:s3cr3t@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgresql://me@uni.edu:s3cr3t@host/db", "postgresql://me@uni.edu:***@host/db"),
        ("postgresql://me:s3#c r3t@host/db?sslmode=require", "postgresql://me:***@host/db?sslmode=require"),
        ("postgresql://me:s3c/r3t@host/db", "postgresql://***"),
        ("postgresql://me@host:5432/db?password=s3c@r3t", "postgresql://***"),
        ("postgresql://:s3cr3t@[::1]:5432/db", "postgresql://:***@[::1]:5432/db"),
        ("postgresql+psycopg://me:s3@cr/e:t@host/db", "postgresql+psycopg://***"),
        ("postgresql://me:s3@cr?3t@host/db", "postgresql://***"),
        ("postgresql://me:s3cr3t/db", "postgresql://***"),
        ("postgresql://me@s3cr3t@host/db", "postgresql://***@host/db"),
        ("postgresql://me%3As3cr3t@host/db", "postgresql://***@host/db"),
        ("postgresql:///db?host=h&user=me&password=s3cr3t&x=1", "postgresql:///db?***"),
        ("postgresql:///db?host=h&user=me", "postgresql:///db?host=h&user=me"),
        ("postgresql:///me:s3cr3t@host/db", "postgresql://***"),
        ("me:s3cr3t@host/db", "***"),
        ("postgresql://me@host:5432/db", "postgresql://me@host:5432/db"),
        ("sqlite:///C:/a@b.db", "sqlite:///C:/a@b.db"),
        ("sqlite+pysqlcipher://:s3cr3t@/study.db?cipher=aes", "sqlite+pysqlcipher://:***@/study.db?***"),
        ("journal:////shared/a b#c.journal", "journal:////shared/a b#c.journal"),
        ("runs/study.db", "runs/study.db"),
    ],
)
def test_masked(url, shown):
    assert storages.masked(url) == shown


# Parts of a password, with whatever may stand between them; none of them is a part of anything else in these URLs.
PARTS = ("Zq7x", "Wk4j", "Vy9b")
BETWEEN = st.text("@:/?#&=%;, +[]()'\"\\$!*\t\n\u00e9\u2028", max_size=4)


@st.composite
def urls(draw):
    """URLs as people write them, and as they should not: the password plain or quoted, and in any place for one."""
    first, second, *rest = draw(st.tuples(BETWEEN, BETWEEN, BETWEEN, BETWEEN))
    password = rest[0] + PARTS[0] + first + PARTS[1] + second + PARTS[2] + rest[1]
    if draw(st.booleans()):
        password = quote(password, safe="")
    kind = draw(st.sampled_from(["postgresql", "postgresql+psycopg", "mysql", "oddity"]))
    user = draw(st.sampled_from(["me", "me@uni.edu", "m e", "", "me%40uni", "m/e", "m?e", "m#e"]))
    host = draw(st.sampled_from(["host", "127.0.0.1:5432", "[::1]:5432", "a,b", "", "host:x"]))
    query = draw(st.sampled_from(["", "?sslmode=require", "?x=1", "?host=h&user=me"]))
    return draw(
        st.sampled_from(
            [
                f"{kind}://{user}:{password}@{host}/db{query}",
                f"{kind}://{user}:{password}@{host}{query}",
                f"{kind}:///{user}:{password}@{host}/db{query}",
                f"{kind}://{user}@{host}/db?password={password}",
                f"{kind}:///db?user={user}&password={password}&sslmode=require",
                f"{user}:{password}@{host}/db{query}",
                f" {kind}://{user}:{password}@{host}/db",
            ]
        )
    )


@hypothesis.given(urls())
@hypothesis.settings(max_examples=2000, deadline=None, derandomize=True)
def test_no_part_of_a_password_is_shown(url):
    said = storages.masked(url)
    assert not any(part in said for part in PARTS), said
    assert storages.masked(said) == said and "\n" not in said


@hypothesis.given(urls())
@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
def test_no_output_of_a_command_shows_a_part_of_a_password(url):
    """Though the libraries quote what they were given: the driver's words here hold all of it."""

    def connect(*arguments, **options):
        raise psycopg.OperationalError(f"odd: {url} {arguments} {options}")

    psycopg = pytest.importorskip("psycopg")
    for command in (["status", "--storage", url], ["worker", "--storage", url], ["status", url], [url]):
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(psycopg, "connect", connect)
            patch.setattr(psycopg.Connection, "connect", connect)
            try:
                code = main(command)
            except SystemExit as error:  # of argparse
                code = error.code
        told = out.getvalue() + err.getvalue()
        assert code and err.getvalue() and not any(part in told for part in PARTS), told
        assert "Traceback" not in told


# --- a trial that nobody finishes ---


@pytest.mark.filterwarnings("ignore:Heartbeat of storage")  # nobody waits for this trial's signs of life
def test_a_trial_is_not_tried_again_for_ever(tmp_path):
    study = open_study(OBJECTIVE, f"journal:///{(tmp_path / 'study.journal').as_posix()}")
    study.enqueue_trial({"hidden_dim": 60})
    for _ in range(10):
        if standing(study)["waiting"]:
            trial = study.ask()
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            storages.retry(study, study.trials[trial.number])
    assert standing(study) == {"done": 0, "running": 0, "pruned": 0, "failed": 4, "waiting": 0}


def test_a_silent_trial_is_taken_over_and_the_one_who_slept_goes_on(tmp_path, monkeypatch, capsys):
    url = f"journal:///{(tmp_path / 'study.journal').as_posix()}"
    other = open_study(OBJECTIVE, storages.open_storage(url, grace=1))

    def take_over():
        with pytest.warns(optuna.exceptions.ExperimentalWarning):
            optuna.storages.fail_stale_trials(other)
        return other.trials[0].state.name == "FAIL"

    fit, slept = Objective.fit, []

    def sleepy(self, *, report, **settings):
        if not slept:
            slept.append(True)
            monkeypatch.setattr(storages.Journal, "record_heartbeat", lambda self, trial: None)
            until(take_over)
        return fit(self, report=report, **settings)

    monkeypatch.setattr(storages.Journal, "record_heartbeat", lambda self, trial: None)
    monkeypatch.setattr(Objective, "fit", sleepy)
    worker = Interruptible(TRAIN, DEV, OBJECTIVE.vocab, OBJECTIVE.budget)
    work(open_study(OBJECTIVE, url), worker, trials=2, seconds=None)
    assert "Trial 0 was given to another worker meanwhile.\n" in capsys.readouterr().out
    assert [trial.state.name for trial in other.trials][:2] in (["FAIL", "COMPLETE"], ["FAIL", "PRUNED"])
    assert history(other.trials[1]) == [0]


@pytest.mark.parametrize("always", [False, True])
def test_a_trial_taken_over_before_its_first_attribute_is_counted_and_waited_after(
    always, tmp_path, monkeypatch, capsys
):
    ask, rests, taken = optuna.Study.ask, [], []

    def taken_over(study, *rest):
        trial = ask(study, *rest)
        if always or not taken:
            taken.append(trial.number)
            study._storage.set_trial_state_values(trial._trial_id, optuna.trial.TrialState.FAIL)
        return trial

    monkeypatch.setattr(optuna.Study, "ask", taken_over)
    monkeypatch.setattr(Interruptible, "rest", lambda self, seconds: rests.append(seconds))
    study = open_study(OBJECTIVE, f"journal:///{(tmp_path / 'study.journal').as_posix()}")
    worker = Interruptible(TRAIN, DEV, OBJECTIVE.vocab, OBJECTIVE.budget)
    if always:
        with pytest.raises(ValueError, match=r"^The last 4 trials were given to other workers, because this one was"):
            work(study, worker, trials=2, seconds=None)
        assert taken == [0, 1, 2, 3] and rests == [1.0, 2.0, 4.0]
    else:
        work(study, worker, trials=2, seconds=None)
        assert taken == [0] and rests == [1.0] and len(finished(study)) == 2
    assert "Trial 0 was given to another worker meanwhile.\n" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning", "ignore:Heartbeat of storage")
def test_a_trial_whose_first_sign_was_lost_is_found_and_tried_again(kind, tmp_path):
    url = f"{kind}:///{(tmp_path / 'study').as_posix()}"
    study = open_study(OBJECTIVE, storages.open_storage(url, grace=2))
    study.ask()  # and then its worker is killed

    def ended():
        optuna.storages.fail_stale_trials(study)
        return standing(study) == {"done": 0, "running": 0, "pruned": 0, "failed": 1, "waiting": 1}

    assert not ended()
    until(ended)


@pytest.mark.filterwarnings("ignore:Heartbeat of storage")
@pytest.mark.parametrize("hours", [-30, 30])
def test_a_clock_that_is_wrong_ends_no_trial(hours, tmp_path, monkeypatch):
    url = f"journal:///{(tmp_path / 'study.journal').as_posix()}"
    running = open_study(OBJECTIVE, storages.open_storage(url, grace=60))
    trial = running.ask()
    running._storage.record_heartbeat(trial._trial_id)
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + 3600 * hours)
    other = open_study(OBJECTIVE, storages.open_storage(url, grace=60))
    for _ in range(3):
        assert other._storage._get_stale_trial_ids(other._study_id) == []
    assert "doubt" not in other.trials[0].system_attrs


@pytest.mark.parametrize("budget", ["nan", "inf", "-1", "0"])
def test_an_odd_budget_is_refused(budget, tmp_path, capfd):
    url = f"journal:///{(tmp_path / 'study.journal').as_posix()}"
    said = refused(capfd, "worker", "--storage", url, f"--budget={budget}")
    assert said.startswith(f"The budget is {float(budget)}: pass how many multiplications and additions")


@pytest.mark.parametrize(
    "option", ["--seconds=nan", "--seconds=inf", "--seconds=-1", "--patience=nan", "--trials=0", "--grace=1"]
)
def test_an_odd_number_is_refused(option, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["worker", option])
    name, _, value = option.partition("=")
    says = rf"argument {name}: pass a (whole )?number from \d on, not '{value}'\n$"
    assert ended.value.code == 2 and re.search(says, capsys.readouterr().err)


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_status_makes_no_file_and_changes_none(kind, tmp_path, capfd):
    url = f"{kind}:///{(tmp_path / 'mistyped').as_posix()}"
    assert refused(capfd, "status", "--storage", url) == f"{url} is not there: check its name."
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mistyped").touch()
    assert re.search("holds no study|has no study", refused(capfd, "status", "--storage", url))
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("mistyped", 0)]


def move_away(file):
    kept = file.with_suffix(".kept")
    file.replace(kept)
    return lambda: kept.replace(file)


def put_another_there(file):
    back = move_away(file)
    file.touch()
    return back


def make_read_only(file):
    """As for an ordinary user; root may write what is read-only."""

    def only_read(connection, *rest):
        connection.execute("PRAGMA query_only = ON")

    event.listen(Pool, "checkout", only_read)
    return lambda: event.remove(Pool, "checkout", only_read)


def fill_up(file):
    """SQLite's own word for a disk without room."""
    pages = file.stat().st_size // 4096

    def no_more(connection, *rest):
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Pool, "checkout", no_more)
    return lambda: event.remove(Pool, "checkout", no_more)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (fill_up, "can't be written, because its disk is full: make room and start again; all finished trials "),
        (move_away, "was removed or replaced while a worker used it: bring it back, or begin anew."),
        (put_another_there, "was removed or replaced while a worker used it: bring it back, or begin anew."),
        (make_read_only, "can't be written: see to it that its folder is there and yours."),
    ],
)
def test_a_sqlite_file_that_fails_under_a_worker_ends_it_with_a_sentence_and_loses_nothing(
    harm, says, tmp_path, monkeypatch, capfd, names_file
):
    file, calls, undo, fit = tmp_path / "study.db", [], [], Objective.fit
    url = f"sqlite:///{file.as_posix()}"

    def third_fails(self, **settings):
        calls.append(1)
        if len(calls) == 3:
            undo.append(harm(file))
        return fit(self, **settings)

    def rows():
        return finished(optuna.load_study(storage=url, study_name="makemlp"))

    monkeypatch.setattr(Objective, "fit", third_fails)
    arguments = ["worker", "--storage", url, "--names", str(names_file), "--budget", "1e8", "--trials"]
    assert main([*arguments, "500"]) == 1
    out, said = capfd.readouterr()
    if sys.version_info >= (3, 11) or "removed" not in says:  # before, Python doesn't tell SQLite's name of an error
        assert said.startswith(f"{url} {says}") and said.count("\n") == 1
    undo[0]()
    kept, told = rows(), re.findall(r"^trial (\d+): ", out, re.M)
    assert [str(row["number"]) for row in kept] == told and told[:2] == ["0", "1"]
    assert main([*arguments, "1"]) == 0
    assert rows()[: len(kept)] == kept and len(rows()) == len(kept) + 1


@pytest.mark.parametrize("told_to_stop", [False, True])
def test_a_server_that_goes_for_good_ends_a_worker_with_a_sentence(told_to_stop, server, names_file, tmp_path):
    """In mid-trial, where the trial's end can't be told and nothing can be read; SIGTERM meanwhile is no other case."""
    worker = Process(address(server), names_file, tmp_path / "log.txt", "--patience", "2000" if told_to_stop else "1")
    study = open_study(OBJECTIVE, storages.open_storage(address(server)), "class")
    try:
        number = worker.hold_in_mid_trial(study)
        server.stop()
        worker.process.send_signal(signal.SIGCONT)
        if told_to_stop:
            until(lambda: "The server does not answer" in worker.said())
            worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(300) == 1
    finally:
        worker.process.kill()
        server.start()
    assert re.search(r"\nNo server answers at postgresql://course@127\.0\.0\.1:\d+/study: see to it", worker.said())
    assert "Traceback" not in worker.said() and "Error" not in worker.said()
    assert study.trials[number].state.name in ("RUNNING", "FAIL")


def test_an_end_that_cannot_be_told_is_a_lost_storage(tmp_path, monkeypatch, capfd, names_file):
    """Optuna names a variable then that it has not set; this is the only word that arrives."""

    def gone(*rest, **options):
        raise optuna.exceptions.StorageInternalError("gone") from ConnectionError("connection is lost")

    def fit(self, **settings):
        monkeypatch.setattr(storages.Database, "get_trial", gone)
        monkeypatch.setattr(storages.Database, "get_all_trials", gone)
        return None, 1.0

    monkeypatch.setattr(Objective, "fit", fit)
    monkeypatch.setattr(Objective, "__call__", lambda self, trial: self.fit(report=print)[1])
    url = f"sqlite:///{(tmp_path / 'study.db').as_posix()}"
    assert refused(capfd, *worker_on(url, names_file)).startswith("No server answers at sqlite")


def test_a_lost_server_is_known_behind_optunas_own_assertion():
    """If it goes while a trial's end is told, optuna asserts that the trial is over, and that is what arrives."""

    def end(error):
        try:
            raise error
        finally:
            raise AssertionError("Should not reach.")

    for error, went in ((optuna.exceptions.StorageInternalError("gone"), True), (KeyError("a mistake"), False)):
        with pytest.raises(AssertionError) as arrived:
            end(error)
        assert storages.lost(arrived.value) == went
