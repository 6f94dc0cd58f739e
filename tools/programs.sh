#!/bin/sh
# Sees to it that there are the programs which some tests run, if that can be done without asking anybody: PostgreSQL for
# shared studies, and on Linux bubblewrap, in which the grader runs what learners wrote.
#
#   tools/programs.sh [postgresql|bubblewrap]
set -u
cd "$(dirname "$0")/.." || exit 1

there() {
    case $1 in
    bubblewrap) [ "$(uname -s)" != Linux ] || command -v bwrap >/dev/null 2>&1 ;;
    postgresql)   # the tests start a server of their own in a scratch folder, so the programs are enough
        command -v initdb >/dev/null 2>&1 && return
        for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/pgsql/bin; do
            [ -x "$folder/initdb" ] && return
        done
        return 1 ;;
    *) echo "tools/programs.sh knows postgresql and bubblewrap, not $1." >&2; exit 2 ;;
    esac
}

install() {
    # Debian would also make a database and start a server for everybody; nobody asked for that.
    if [ "$1" = postgresql ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    fi
    apt-get update && apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$1"
}

for program in ${1:-postgresql bubblewrap}; do
    there "$program" && continue
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing $program for the tests …"
        mkdir -p build
        export DEBIAN_FRONTEND=noninteractive
        install "$program" >"build/$program.log" 2>&1 </dev/null
        there "$program" && continue
        echo "It could not be installed: the last lines of build/$program.log say why." >&2
    fi
    if [ "${CI:-}" = true ]; then
        echo "There is no $program, and its tests must not be skipped here (CI=true)." >&2
        exit 1
    fi
    echo "There is no $program, so its tests will be skipped (Debian, Ubuntu: apt install $program)."
done
