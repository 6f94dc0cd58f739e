#!/bin/sh
# Makes .venv and installs the course into it:  tools/setup.sh lab|test
#
# It may be run at any time: it does nothing when .venv is up to date, and completes what an interrupted run left behind.
# While something takes long, a line every few seconds says what is being fetched and how far it is.
# What goes wrong is said in one sentence; the full words of pip are in build/setup.log.
#
#   PYTHON=/path/to/python3.12   the Python that makes .venv
#   TORCH=cpu                    the build of PyTorch: cpu (the default; only lesson 10 takes a device), auto (the one
#                                for this machine's GPU), cu128 and its like, or pip (what pip
#                                finds: on Linux, gigabytes of CUDA)
set -u
cd "$(dirname "$0")/.." || exit 1

extra=${1:-lab}             # an extra of pyproject.toml; test contains lab
py=.venv/bin/python
stamp=.venv/made-by-setup   # "extra fingerprint", written last: no stamp, no complete .venv
log=build/setup.log
teller=                     # the process that says how far it is
room=2000                   # MB that .venv and the downloads take, about

minor=$(sed -n 's/^requires-python *= *">=3\.\([0-9]*\)".*/\1/p' pyproject.toml)
torch_wanted=$(sed -n 's/^ *"\(torch>=[^"]*\)".*/\1/p' pyproject.toml)
torch_pinned=$(sed -n 's/^\(torch==[^ ;]*\).*/\1/p' constraints.txt)

export PYTHONUTF8=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_PROGRESS_BAR=off UV_NO_PROGRESS=1
export PIP_RETRIES=3        # with none, pip does not say that the network was the trouble
export PIP_USER=0           # a user's "install for me alone" has no meaning inside .venv, and pip would refuse
export PIP_COMPILE=0        # compiling every file of every package is half of pip's work; what is imported is compiled then
unset PYTHONHOME PYTHONPATH

say() { printf '%s\n' "$*"; }
die() { printf 'Set-up stopped: %s\n' "$*" >&2; exit 1; }
trap 'kill -KILL $teller 2>/dev/null; die "Interrupted; the next run goes on from here."' INT TERM

# ---------------------------------------------------------------- which Python

# Version and home of a Python; fails, with that said, when it is too old, and silently when it doesn't run.
identity() {
    "$1" -c 'import sys
print("%d.%d.%d %s" % (sys.version_info[:3] + (getattr(sys, "base_prefix", sys.prefix),)))
sys.exit(sys.version_info < (3, '"$minor"'))' 2>/dev/null
}

# Sets $python: the one asked for, or the first on the PATH that is new enough.
find_python() {
    set -- python3 python3.13 python3.12 python3.11 python3.10 python
    [ -z "${PYTHON:-}" ] || set -- "$PYTHON"
    old=
    for python; do
        who=$(identity "$python") && return
        [ -z "$who" ] || old="$old, $python is ${who%% *}"
    done
    [ -z "$old" ] || die "Python is too old (${old#, }): install Python 3.$minor or newer, or name one: PYTHON=/path/to/python3.12 make $extra"
    [ -z "${PYTHON:-}" ] || die "PYTHON=$PYTHON is not a Python that runs: give the path of Python 3.$minor or newer."
    die "No Python was found: install Python 3.$minor or newer (Debian, Ubuntu: apt install python3-venv; macOS: brew install python), or name one: PYTHON=/path/to/python3.12 make $extra"
}

# ---------------------------------------------------------------- running pip

# Says every few seconds how far the command is whose words come after line $1 of the log; ends when this script has gone.
every=5
tell() {
    seconds=0
    while sleep $every >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        seconds=$((seconds + every))
        say "  $seconds s: $(how_far "$1")"
    done
}

how_far() {
    set -- $(awk -v from="$1" '
        NR <= from { next }
        /^(Collecting|Processing) / { found++; split("", left) }   # pip fetches one at a time, uv several
        /^ *Downloading .*\)$/ { name = $2; sub(/.*\//, "", name); left[name] = $3 $4 }
        /^ *Downloaded / { delete left[$2] }
        /^Installing collected packages: / { all = NF - 3 }
        END { for (name in left) one = name " " left[name]; print found + 0, all + 0, one }' "$log")
    if [ "$2" != 0 ]; then
        there=$(find .venv/lib/python*/site-packages/*.dist-info -prune -newer build/began | wc -l)
        say "unpacking packages, $((there)) of $2 are there"
    elif [ -n "${3:-}" ]; then
        say "fetching $3 $4: $(fetched "$3")"
    elif [ "$1" != 0 ]; then
        say "$1 packages found so far"
    else
        say "still at work"
    fi
} 2>/dev/null

# How much of a download is there: pip writes it to the folder for temporary files, uv unpacks it into its cache on the way.
fetched() {
    uv=${UV_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/uv}
    du -sk "${TMPDIR:-/tmp}"/pip-unpack-*/"$1" "$uv"/.tmp* |
        awk '{ kb += $1; if (/\.tmp[^\/]*$/) how = ", unpacked" } END { printf "%d MB are there%s", kb * 1.024 / 1000, how }'
}

no_version=2 no_access=13 no_space=28 no_network=101

# Runs a command and returns 0 or the reason why it failed. Its words go to the log; how far it is, is said while it takes long.
run() {
    printf '\n$ %s\n' "$*" >>"$log"
    { date >build/began; } 2>/dev/null
    lines=$(wc -l <"$log")   # counted before the command begins: in the background it could count the command's words
    tell "$lines" &
    teller=$!
    hear "$@"
    reason=$?
    { kill -KILL $teller; wait $teller; } 2>/dev/null   # a gentler signal is lost if the shell has only just forked
    teller=
    return $reason
}

hear() {
    { "$@" 2>&1 </dev/null || echo '=== failed'; } | {
        reason=1 status=0
        while IFS= read -r line; do
            printf '%s\n' "$line" >>"$log"
            case $line in
            '=== failed') status=$reason ;;
            *'No space left'* | *'Errno 28'* | *'os error 28'* | *'quota exceeded'*) reason=$no_space ;;
            *'Permission denied'* | *'Read-only file system'*) reason=$no_access ;;
            *'onnection broken'* | *'Max retries'* | *'timed out'* | *'Could not fetch URL'* | *'HTTP error'* | \
            *'Failed to fetch'* | *'error sending request'*) reason=$no_network ;;
            *'(from versions: none)'*) [ $reason != 1 ] || reason=$no_version ;;   # also said when no index answered
            *'(from versions: '* | *'No solution found'*) reason=$no_version ;;
            esac
        done
        exit $status
    } 2>/dev/null   # of the shell itself: that the log can't be written on a full disk
}

# The sentence for a reason, and the end.
explain() {
    see="the full story is in $log"
    case $1 in
    "$no_space") die "The disk is full, so $2 could not be installed: free about $room MB (the temporary folder counts too) and run this again; $see." ;;
    "$no_access") die "No permission to write, so $2 could not be installed: see to it that $(pwd) is yours; $see." ;;
    "$no_network") die "No answer from the package index, so $2 could not be installed: connect to the internet (or set your proxy) and run this again; $see." ;;
    "$no_version") die "There is no fitting build of $2 for $(uname -s) $(uname -m) and Python ${made%% *}: try another Python (PYTHON=/path/to/python3.12 make $extra) or conda (environment.yml); $see." ;;
    *) die "Installing $2 failed: the last lines of $log say why." ;;
    esac
}

install() {   # what, packages and options…
    what=$1
    shift
    run "$py" -m pip install "$@" || explain $? "$what"
}

# ---------------------------------------------------------------- PyTorch

# The version of PyTorch in .venv, if it is there and as new as pyproject.toml wants.
torch_version() {
    "$py" -c 'import re, sys
from importlib.metadata import version
numbers = lambda text: [int(n) for n in re.findall(r"\d+", text)[:2]]
print(version("torch"))
sys.exit(numbers(version("torch")) < numbers(sys.argv[1]))' "$torch_wanted" 2>/dev/null
}

# On Linux, what pip finds in the public index carries CUDA, gigabytes of it. The CPU build has a name of its own (2.13.0+cpu),
# which some mirrors have and the public index hasn't; uv knows where else it is kept.
install_torch() {
    set -- -c build/constraints.txt "$torch_pinned"
    grep -v '^torch==' constraints.txt >build/constraints.txt   # beside "torch==2.13.0" there, pip won't look for a "+cpu"
    say "Installing PyTorch ($build build; some minutes) …"
    case $(uname -s)-$build in
    *-pip | Darwin-cpu) install PyTorch --force-reinstall "$@"; return ;;
    *-cpu)
        run "$py" -m pip install -c build/constraints.txt "$torch_pinned+cpu"
        why=$?
        [ $why != 0 ] || return
        [ $why = $no_version ] || explain $why PyTorch ;;
    *) set -- -c build/constraints.txt "$torch_wanted" ;;   # a GPU's build may lag behind the version pinned
    esac
    install uv 'uv>=0.6.9'
    run "$py" -m uv pip install --python "$py" --torch-backend "$build" --reinstall-package torch "$@"
    why=$?
    case $why in
    0) ;;
    "$no_network") die "No answer from where the $build build of PyTorch is kept, so it could not be installed: connect to the internet and run this again, or take what pip finds, perhaps large: make $extra TORCH=pip; the full story is in $log." ;;
    *) explain $why "PyTorch ($build)" ;;
    esac
}

# ---------------------------------------------------------------- the course

# Tests need uv, and uv takes a third of pip's time. It reads none of pip's settings: where they name an index, or where uv
# can't, pip does it.
install_course() {
    case $extra-$("$py" -m pip config list 2>/dev/null) in
    test-*.index-url=*) ;;
    test-*)
        run "$py" -m pip install -c build/constraints.txt uv && run "$py" -m uv pip install --python "$py" "$@" && return ;;
    esac
    install "the course" "$@"
}

# ---------------------------------------------------------------- the set-up

made=$(identity "$py") || made=   # empty when there is no .venv, or its Python has gone
if [ -n "${PYTHON:-}" ]; then
    find_python
    [ "$made" = "$who" ] || made=
fi

# What .venv was made from, the folder's place included: an editable install holds its path.
build_made=$(cat .venv/torch-build 2>/dev/null)
build=${TORCH:-${build_made:-cpu}}
fingerprint() { { echo "$made"; pwd; echo "$build"; cat pyproject.toml constraints.txt tools/setup.sh; } | cksum; }
if [ -n "$made" ]; then
    case $(cat "$stamp" 2>/dev/null) in
    "$extra $(fingerprint)" | "test $(fingerprint)") exit 0 ;;
    esac
    "$py" -m pip --version >/dev/null 2>&1 || made=   # an interrupted first run, or a Python upgraded in place
fi

{ [ -w . ] && mkdir -p build && [ -w build ] && { [ ! -e .venv ] || [ -w .venv ]; }; } 2>/dev/null ||
    die "No permission to write in $(pwd): see to it that the folder is yours, or copy the course to where you may write."
{ date >"$log"; } 2>/dev/null || explain $no_space "the course"
rm -f "$stamp"

if [ -z "$made" ]; then
    find_python
    made=$who
    free=$(($(df -Pk . | awk 'NR == 2 { print $4 }') / 1024))
    [ "$free" -ge "$room" ] || die "The disk is too full: $free MB are free in $(pwd), and the course takes about $room MB."
    "$python" -c 'import venv, ensurepip.__main__' 2>/dev/null ||
        die "Python ${who%% *} lacks its venv module: install it (Debian, Ubuntu: apt install python3-venv), or name another Python: PYTHON=/path/to/python3.12 make $extra"
    say "Making .venv with Python ${who%% *} …"
    run "$python" -m venv --clear .venv || explain $? "a virtual environment"
fi

# A PyTorch that is there and new enough stays, whoever installed it, unless TORCH asks for another.
if ! torch_version >/dev/null || [ "${TORCH:-$build_made}" != "$build_made" ]; then
    install_torch
    torch_version >/dev/null || die "A PyTorch was installed that is not $torch_wanted: the last lines of $log say which."
    echo "$build" >.venv/torch-build
fi

say "Installing JupyterLab and the course …"
# PyTorch is held at the build that is there: pip alone would take another for as good.
sed "s/^torch==.*/torch==$(torch_version)/" constraints.txt >build/constraints.txt
install_course -c build/constraints.txt -e ".[$extra]"
run "$py" -c 'import torch, numpy, matplotlib, ipywidgets, tqdm, jupyterlab, makemlp' ||
    die "What was installed does not start: run make clean, then make $extra again; the full story is in $log."

echo "$extra $(fingerprint)" >"$stamp" || explain $no_space "the course"
say "Set-up is done."
