"""The set-up script and the Makefile: what they install, when, and the one sentence for each thing that goes wrong.

Most tests run tools/setup.sh with a stand-in for Python, which notes what is asked of it and answers with words that
the real pip was heard to say; nothing is downloaded.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="the set-up is a POSIX shell script; on Windows the README gives pip lines"
)

ROOT = Path(__file__).parent.parent

# Stands in for Python, and once "-m venv" has copied it, for the Python of .venv. $FAKE is the folder of its memory.
FAKE_PYTHON = f"""#!/bin/sh
case $* in
*'version("torch")'*) cat "$FAKE/torch" 2>/dev/null ;;
*'import torch'*) ;;
"-m venv "*)
    echo venv >>"$FAKE/asked"
    rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python && touch .venv/pip ;;
"-m pip --version") test -e .venv/pip ;;
"-m pip config list") echo "global.extra-index-url='https://a.org'"; cat "$FAKE/config" 2>/dev/null ;;
"-m pip install "* | "-m uv pip install "*)
    echo "$*" >>"$FAKE/asked"
    case $* in
    *torch==*+cpu) says=cpu ;;
    *"uv pip"*-e*) says=uv ;;
    *-e*) says=course ;;
    *torch*) says=torch ;;
    *) says=other ;;
    esac
    ! cat "$FAKE/$says.says" 2>/dev/null || exit 1
    ! test -e "$FAKE/$says.slowly" || . "$FAKE/$says.slowly"
    case $says in cpu) echo 2.13.0+cpu >"$FAKE/torch" ;; torch) echo 2.13.0 >"$FAKE/torch" ;; esac ;;
-c*) exec '{sys.executable}' "$@" ;;
*) echo "not expected: $*" >&2; exit 9 ;;
esac
"""

REFUSED = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'NewConnectionError('<pip._vendor.urllib3.connection.HTTPConnection object at 0x7f0141d748e0>: Failed to establish \
a new connection: [Errno 111] Connection refused')': /simple/torch/
ERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu (from versions: none)
ERROR: No matching distribution found for torch==2.13.0+cpu
"""
NO_NAME = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'NameResolutionError("HTTPSConnection(host='nohost.invalid', port=443): Failed to resolve 'nohost.invalid' ([Errno -2] \
Name or service not known)")': /simple/torch/
ERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu (from versions: none)
ERROR: No matching distribution found for torch==2.13.0+cpu
"""
DISK_FULL = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
TEMP_FULL = """\
pip._vendor.urllib3.exceptions.ProtocolError: ("Connection broken: OSError(28, 'No space left on device')", \
OSError(28, 'No space left on device'))
"""
NOT_MINE = "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '.venv/lib/x.py'\n"
NO_BUILD = """\
ERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu (from versions: none)
ERROR: No matching distribution found for torch==2.13.0+cpu
"""
NO_CPU_BUILD = """\
ERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu (from versions: 2.12.1, 2.13.0, 2.14.0)
ERROR: No matching distribution found for torch==2.13.0+cpu
"""
UV_NO_NETWORK = """\
error: Request failed after 3 retries in 7.9s
  cause: error sending request for url
  cause: failed to lookup address information: Name or service not known
"""
CONFLICT = "ERROR: ResolutionImpossible: for help visit the documentation\n"


def script(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


class Course:
    """A copy of what the set-up reads, in a folder of its own, and a stand-in for the machine around it."""

    def __init__(self, folder: Path):
        self.folder, self.fake, self.bin = folder / "the course", folder / "fake", folder / "bin"
        for made in (self.folder / "tools", self.fake, self.bin):
            made.mkdir(parents=True)
        for name in ("Makefile", "pyproject.toml", "constraints.txt", "tools/setup.sh"):
            shutil.copy(ROOT / name, self.folder / name)
        self.python = script(self.bin / "python3", FAKE_PYTHON)
        self.system("Linux")
        self.free(9_000_000)
        self.path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"

    def system(self, name: str):
        script(self.bin / "uname", f"#!/bin/sh\necho {name}\n")

    def free(self, kilobytes: int):
        script(self.bin / "df", f"#!/bin/sh\necho header\necho disk 1 1 {kilobytes} 1% /\n")

    def says(self, what: str, words: str):
        """From now on, the installation of `what` (cpu, torch, course, other) fails with these words."""
        (self.fake / f"{what}.says").write_text(words, encoding="utf-8")

    def setup(self, extra: str = "lab", **env: str) -> subprocess.CompletedProcess:
        env = {"PATH": self.path, "HOME": str(self.fake), "FAKE": str(self.fake), **env}
        return subprocess.run(
            ["/bin/sh", "tools/setup.sh", extra],
            cwd=self.folder,
            env=env,
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=900,  # for what hangs; a busy machine takes its time
        )

    def succeeds(self, extra: str = "lab", **env: str) -> list[str]:
        """Run the set-up and return what it asked of pip."""
        (self.fake / "asked").write_text("", encoding="utf-8")
        done = self.setup(extra, **env)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        return (self.fake / "asked").read_text(encoding="utf-8").splitlines()

    def stops(self, extra: str = "lab", **env: str) -> str:
        """Run the set-up, which must fail with one line and leave no stamp; return the line."""
        done = self.setup(extra, **env)
        assert done.returncode != 0
        (line,) = done.stderr.splitlines()
        assert line.startswith("Set-up stopped: ")
        assert "Traceback" not in done.stdout and "ERROR" not in done.stdout
        assert not (self.folder / ".venv/made-by-setup").exists()
        return line


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)


# ---------------------------------------------------------------- what is installed, and when


def test_first_run_makes_venv_then_pytorch_then_the_course(course):
    assert course.succeeds() == [
        "venv",
        "-m pip install -c build/constraints.txt torch==2.13.0+cpu",
        "-m pip install -c build/constraints.txt -e .[lab]",
    ]
    # the build that is there is held, so that pip does not take another for as good
    assert "torch==2.13.0+cpu\n" in (course.folder / "build/constraints.txt").read_text(encoding="utf-8")


def test_second_run_installs_nothing_and_needs_no_permission(course):
    course.succeeds()
    shutil.rmtree(course.folder / "build")
    assert course.succeeds() == []
    assert not (course.folder / "build").exists()


def test_lab_after_test_installs_nothing_but_test_after_lab_does(course):
    course.succeeds("lab")
    assert course.succeeds("test") == [
        "-m pip install -c build/constraints.txt uv",
        "-m uv pip install --python .venv/bin/python -c build/constraints.txt -e .[test]",
    ]
    assert course.succeeds("lab") == []
    assert course.succeeds("test") == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "tools/setup.sh"])
def test_a_changed_file_installs_again(course, name):
    course.succeeds()
    with open(course.folder / name, "a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    assert course.succeeds() == ["-m pip install -c build/constraints.txt -e .[lab]"]
    assert course.succeeds() == []


def test_a_moved_folder_installs_again(course):
    course.succeeds()
    course.folder = course.folder.rename(course.folder.with_name("elsewhere"))
    assert course.succeeds() == ["-m pip install -c build/constraints.txt -e .[lab]"]


def test_another_python_makes_another_venv(course):
    course.succeeds()
    other = script(course.bin / "other", FAKE_PYTHON.replace("-c*)", "-c*) echo 3.12.9 /elsewhere; exit 0 ;;\n-x)"))
    assert course.succeeds(PYTHON=str(other))[0] == "venv"
    assert course.succeeds(PYTHON=str(other)) == []
    assert course.succeeds() == []  # without PYTHON, the one of .venv stays


def test_a_venv_without_pip_is_made_again(course):
    course.succeeds()
    (course.folder / ".venv/pip").unlink()
    (course.folder / ".venv/made-by-setup").unlink()
    assert course.succeeds()[0] == "venv"


def test_a_failed_first_run_is_taken_up_where_it_stopped(course):
    course.says("course", REFUSED)
    course.stops()
    (course.fake / "course.says").unlink()
    assert course.succeeds() == ["-m pip install -c build/constraints.txt -e .[lab]"]


def test_a_failed_update_leaves_no_stamp(course):
    course.succeeds()
    (course.folder / "pyproject.toml").open("a", encoding="utf-8").write("\n# changed\n")
    course.says("course", REFUSED)
    course.stops()
    course.stops()


# ---------------------------------------------------------------- how far it is

PIP_FINDS = """\
Collecting filelock (from torch==2.13.0+cpu)
  Downloading filelock-4.2.11-py3-none-any.whl (222 kB)
Processing ./sympy-1.14.0-py3-none-any.whl (from torch==2.13.0+cpu)
"""
WHEEL = "torch-2.13.0+cpu-cp311-linux.whl"
PIP_FETCHES = f"Collecting torch==2.13.0+cpu\n  Downloading https://index.invalid/{WHEEL} (190.1 MB)\n"
PIP_UNPACKS = "Installing collected packages: filelock, sympy, torch\n"
UV_FETCHES = "Resolved 10 packages in 112ms\nDownloading torch (181.3MiB)\n"
UV_FETCHES_MANY = "Downloading playwright (51.0MiB)\nDownloading sqlalchemy (4.5MiB)\n Downloaded sqlalchemy\n"

# Stands in for sleep, so that a test takes no longer than it must: each sleep is counted and ends at once.
FAKE_SLEEP = '#!/bin/sh\necho >>"$FAKE/slept"\nexec {sleep} 0.02\n'
# Sourced by the stand-in for pip: goes on when the log holds its words and two more lines have been told about them.
UNTIL_TOLD = """
until grep -q '{last}' build/setup.log; do {sleep} 0.02; done
before=$(wc -l <"$FAKE/slept")
until [ "$(wc -l <"$FAKE/slept")" -gt $((before + 2)) ]; do {sleep} 0.02; done
"""


def told(course, words: str, what: str = "cpu", also: str = "", extra: str = "lab") -> list[str]:
    """The lines that a set-up prints while the installation of `what` has said these words, and does not end."""
    sleep = shutil.which("sleep")
    script(course.bin / "sleep", FAKE_SLEEP.format(sleep=sleep))
    (course.fake / "slept").touch()
    (course.fake / "words").write_text(words, encoding="utf-8")
    last = words.splitlines()[-1] if words else "pip install"
    slowly = f'cat "$FAKE/words"\n{also}{UNTIL_TOLD.format(last=last, sleep=sleep)}'
    (course.fake / f"{what}.slowly").write_text(slowly, encoding="utf-8")
    done = course.setup(extra, TMPDIR=str(course.fake / "tmp"), UV_CACHE_DIR=str(course.fake / "uv"))
    assert done.returncode == 0 and done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "also", "line"),
    [
        ("", "", "still at work"),
        (PIP_FINDS, "", "2 packages found so far"),
        (
            PIP_FINDS + PIP_FETCHES,
            f'mkdir -p "$TMPDIR/pip-unpack-x"\nhead -c 87000000 /dev/zero >"$TMPDIR/pip-unpack-x/{WHEEL}"\n',
            f"fetching {WHEEL} (190.1MB): 87 MB are there",
        ),
        (
            PIP_FINDS + PIP_UNPACKS,
            "mkdir -p .venv/lib/python3.11/site-packages/old.dist-info\n"
            "touch -t 200001010000 .venv/lib/python3.11/site-packages/old.dist-info\n"
            "mkdir -p .venv/lib/python3.11/site-packages/sympy-1.14.0.dist-info\n"
            "touch -t 209901010000 .venv/lib/python3.11/site-packages/sympy-1.14.0.dist-info\n",
            "unpacking packages, 1 of 3 are there",
        ),
    ],
)
def test_how_far_it_is_is_told_while_it_takes_long(course, words, also, line):
    lines = told(course, words, also=also)
    assert any(re.fullmatch(rf"  \d+ s: {re.escape(line)}", one) for one in lines), lines


def test_how_far_uv_is(course):
    course.says("cpu", NO_CPU_BUILD)
    also = 'mkdir -p "$UV_CACHE_DIR/.tmpA1b2"\nhead -c 50000000 /dev/zero >"$UV_CACHE_DIR/.tmpA1b2/libtorch.so"\n'
    lines = told(course, UV_FETCHES, what="torch", also=also)
    assert any(one.endswith("s: fetching torch (181.3MiB): 50 MB are there, unpacked") for one in lines), lines


def test_of_what_uv_fetches_at_once_that_is_named_which_is_not_there_yet(course):
    lines = told(course, UV_FETCHES_MANY, what="uv", extra="test")
    assert any(re.fullmatch(r"  \d+ s: fetching playwright \(51\.0MiB\): 0 MB are there", one) for one in lines), lines


def test_what_uv_cannot_install_pip_does(course):
    course.says("uv", UV_NO_NETWORK)
    assert course.succeeds("test")[-2:] == [
        "-m uv pip install --python .venv/bin/python -c build/constraints.txt -e .[test]",
        "-m pip install -c build/constraints.txt -e .[test]",
    ]


def test_where_pip_has_an_index_of_its_own_uv_is_not_asked(course):
    (course.fake / "config").write_text("global.index-url='https://mirror.example/simple'\n", encoding="utf-8")
    assert course.succeeds("test")[-1] == "-m pip install -c build/constraints.txt -e .[test]"
    assert "uv" not in (course.fake / "asked").read_text(encoding="utf-8")


def test_what_is_quick_is_not_told(course):
    done = course.setup()
    assert done.returncode == 0 and " s: " not in done.stdout


def test_whatever_ends_the_setup_ends_the_telling(course):
    """Also when it is killed: what tells sees that the set-up has gone."""
    sleep = shutil.which("sleep")
    script(course.bin / "sleep", FAKE_SLEEP.format(sleep=sleep))
    (course.fake / "cpu.slowly").write_text(f'kill -9 "$(cat "$FAKE/setup")"\n{sleep} 0.1\n', encoding="utf-8")
    env = {"PATH": course.path, "HOME": str(course.fake), "FAKE": str(course.fake)}
    command = 'echo $$ >"$FAKE/setup"; exec sh tools/setup.sh lab'
    setup = subprocess.Popen(["/bin/sh", "-c", command], cwd=course.folder, env=env, stdout=subprocess.PIPE)
    assert setup.wait() == -9
    setup.stdout.read()  # comes to its end when nobody holds it open any more
    setup.stdout.close()


# ---------------------------------------------------------------- which PyTorch


def test_linux_without_a_cpu_build_in_the_index_asks_uv(course):
    course.says("cpu", NO_CPU_BUILD)
    asked = course.succeeds()
    assert asked[2] == "-m pip install uv>=0.6.9"
    assert "--torch-backend cpu" in asked[3] and asked[3].endswith("torch==2.13.0")
    assert course.succeeds() == []


def test_a_mac_asks_pip_alone(course):
    course.system("Darwin")
    asked = course.succeeds()
    assert asked[1].endswith("torch==2.13.0")
    assert len(asked) == 3


def test_another_build_is_installed_once_and_kept(course):
    course.succeeds()
    asked = course.succeeds(TORCH="cu128")
    assert "--torch-backend cu128" in asked[1] and asked[1].endswith("torch>=2.4")
    assert course.succeeds(TORCH="cu128") == []
    assert course.succeeds() == []
    assert any("torch==2.13.0+cpu" in line for line in course.succeeds(TORCH="cpu"))


def test_what_pip_finds_can_be_had(course):
    assert course.succeeds(TORCH="pip")[1].endswith("torch==2.13.0")


@pytest.mark.parametrize(("version", "stays"), [("2.15.1+cu130", True), ("2.4.0", True), ("2.3.1", False)])
def test_a_pytorch_that_is_there_stays_if_it_is_new_enough(course, version, stays):
    # here the real check runs, against a fake package
    site = course.fake / f"torch-{version}.dist-info"
    site.mkdir()
    (site / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n", encoding="utf-8")
    look = f"""exec '{sys.executable}' -S -c "import sys; sys.path.insert(0, '{course.fake}')
$2" "$3" ;;"""
    script(
        course.python,
        FAKE_PYTHON.replace(
            'cat "$FAKE/torch" 2>/dev/null ;;', f'test ! -e "$FAKE/torch" || {{ cat "$FAKE/torch"; exit; }}; {look}'
        ),
    )
    asked = course.succeeds()
    assert len(asked) == (2 if stays else 3)
    held = version if stays else "2.13.0+cpu"
    assert f"\ntorch=={held}\n" in (course.folder / "build/constraints.txt").read_text(encoding="utf-8")


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (REFUSED, "No answer from the package index"),
        (NO_NAME, "No answer from the package index"),
        (DISK_FULL, "The disk is full"),
        (TEMP_FULL, "The disk is full"),
        (NOT_MINE, "No permission to write"),
        (NO_BUILD, "There is no fitting build"),
        (CONFLICT, "Installing the course failed"),
    ],
)
def test_what_pip_says_becomes_one_sentence(course, words, sentence):
    course.says("course", words)
    line = course.stops()
    assert sentence in line and "the course" in line and "build/setup.log" in line
    assert words in (course.folder / "build/setup.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(("words", "sentence"), [(REFUSED, "No answer"), (DISK_FULL, "The disk is full")])
def test_trouble_at_pytorch_is_not_taken_for_a_missing_cpu_build(course, words, sentence):
    course.says("cpu", words)
    line = course.stops()
    assert sentence in line and "PyTorch" in line
    assert "uv" not in (course.fake / "asked").read_text(encoding="utf-8")


def test_where_uv_cannot_get_the_cpu_build_pip_is_offered(course):
    course.says("cpu", NO_CPU_BUILD)
    course.says("torch", UV_NO_NETWORK)
    assert "make lab TORCH=pip" in course.stops()


def test_a_disk_too_small_is_said_before_anything_is_made(course):
    course.free(300 * 1024)
    assert "300 MB are free" in course.stops()
    assert not (course.folder / ".venv").exists()


def test_no_python(course):
    course.python.unlink()
    for tool in ("sh", "dirname", "sed", "cat", "cksum", "mkdir", "date", "rm"):
        (course.bin / tool).symlink_to(shutil.which(tool))
    course.path = str(course.bin)
    assert "No Python was found" in course.stops()
    assert "PYTHON=/nowhere is not a Python that runs" in course.stops(PYTHON="/nowhere")


def test_python_too_old(course):
    # as Python 3.8 answers: the script asks for the version in words that any Python understands
    script(course.bin / "old", "#!/bin/sh\necho 3.8.18 /usr\nexit 1\n")
    line = course.stops(PYTHON="old")
    assert "too old (old is 3.8.18)" in line and "3.10 or newer" in line


def test_the_first_python_that_is_new_enough_is_taken(course):
    script(course.bin / "python3.12", FAKE_PYTHON)
    script(course.bin / "python3.13", "#!/bin/sh\necho 3.9.1 /usr\nexit 1\n")
    script(course.python, "#!/bin/sh\necho 3.8.18 /usr\nexit 1\n")
    assert course.succeeds()[0] == "venv"


def test_python_without_ensurepip(course):
    # Debian's python3 without python3-venv; the real Python answers, with the module hidden
    hide = f"""#!/bin/sh
[ "$1" = -c ] || exit 9
exec '{sys.executable}' -c "import sys; sys.modules['ensurepip'] = None
$2"
"""
    line = course.stops(PYTHON=str(script(course.bin / "bare", hide)))
    assert "lacks its venv module" in line and "python3-venv" in line


def test_no_permission(course, tmp_path):
    # a file where the log's folder should be stops root as well, whom permissions do not stop
    (course.folder / "build").write_text("", encoding="utf-8")
    assert "No permission to write" in course.stops()


def test_real_pip_with_no_network(course):
    line = course.stops(
        PYTHON=sys.executable,
        PIP_INDEX_URL="http://127.0.0.1:9/simple",  # nothing listens there
        PIP_CONFIG_FILE=os.devnull,
    )
    assert "No answer from the package index" in line


# ---------------------------------------------------------------- make check


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_changed_notebooks_are_those_that_git_sees_as_new_or_changed(tmp_path):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True)

    def changed():
        command = ["/bin/sh", tmp_path / "tools" / "changed.sh"]
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.split()

    for name in ("notebooks/01_a", "notebooks/02_b", "exercises/01_a", "exercises/02_b", "exercises/solutions/02_b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.ipynb").write_text("1", encoding="utf-8")
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "changed.sh", tmp_path / "tools")
    assert changed() == []  # a copy that is no repository
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "a")
    assert changed() == []
    (tmp_path / "notebooks" / "02_b.ipynb").write_text("2", encoding="utf-8")
    (tmp_path / "notebooks" / "03_c.ipynb").write_text("2", encoding="utf-8")
    (tmp_path / "notebooks" / "01_a.ipynb").unlink()
    (tmp_path / "exercises" / "02_b.ipynb").write_text("2", encoding="utf-8")
    git("add", "exercises")
    assert changed() == ["exercises/solutions/02_b.ipynb", "notebooks/02_b.ipynb", "notebooks/03_c.ipynb"]


# ---------------------------------------------------------------- the Makefile


@pytest.fixture
def make():
    if shutil.which("make") is None:
        pytest.skip("make is not installed")

    def run(*arguments, **more):
        # a make above this one must not hand its options down
        above = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ARGS")
        env = {name: value for name, value in os.environ.items() if name not in above} | more.pop("env", {})
        return subprocess.run(
            ["make", *arguments], cwd=ROOT, env=env, check=True, capture_output=True, encoding="utf-8", **more
        ).stdout

    return run


def test_a_bare_make_lists_every_command_and_each_can_be_run(make):
    listed = [line.split()[1] for line in make().splitlines()]
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = [line for line in rules.splitlines() if line.startswith(".PHONY:")]
    assert sorted(["help", *listed]) == sorted(phony.split()[1:])
    for command in listed:
        assert make("--dry-run", command)
    assert "--port 8901" in make("--dry-run", "lab", "ARGS=--no-browser --port 8901")


def test_python_may_keep_what_it_compiled_whatever_the_container_says(make):
    """Else each of the hundreds of Pythons that the tests start compiles its packages again."""
    said = make("-f", "-", "show", input="include Makefile\nshow:\n\t@env\n", env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert "PYTHONUTF8=1" in said and "DONTWRITEBYTECODE" not in said


# ---------------------------------------------------------------- programs that tests run


@pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's")
def test_a_program_that_is_missing_is_an_error_where_nothing_may_be_skipped(tmp_path):
    for name in ("dirname", "id", "uname"):
        (tmp_path / name).symlink_to(shutil.which(name))

    def programs(*names, **env):
        command = ["/bin/sh", str(ROOT / "tools/programs.sh"), *names]
        done = subprocess.run(command, env={"PATH": str(tmp_path), **env}, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    assert programs("bubblewrap", CI="true") == (
        1,
        "There is no bubblewrap, and its tests must not be skipped here (CI=true).\n",
    )
    code, says = programs("bubblewrap")
    assert code == 0 and says.startswith("There is no bubblewrap, so its tests will be skipped")
    script(tmp_path / "bwrap", "exit 0\n")
    assert programs("bubblewrap", CI="true") == (0, "")
    assert programs("bublewrap")[0] == 2
