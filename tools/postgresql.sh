#!/bin/sh
# Sees to it that there is a PostgreSQL for the tests of shared studies, if that can be done without asking anybody.
set -u
cd "$(dirname "$0")/.." || exit 1
log=build/postgresql.log

# The tests start a server of their own in a scratch folder, so the programs are enough.
there() {
    command -v initdb >/dev/null 2>&1 && return
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/pgsql/bin; do
        [ -x "$folder/initdb" ] && return
    done
    return 1
}

there && exit
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing PostgreSQL for the tests of shared studies …"
    mkdir -p build
    # Debian would also make a database and start a server for everybody; nobody asked for that.
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    fi
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold postgresql; } >"$log" 2>&1 </dev/null
    there && exit
    echo "PostgreSQL could not be installed: the last lines of $log say why." >&2
fi
if [ "${CI:-}" = true ]; then
    echo "No PostgreSQL was found: its tests must not be skipped here (CI=true)." >&2
    exit 1
fi
echo "No PostgreSQL was found: the tests of shared studies will be skipped (Debian, Ubuntu: apt install postgresql)."
