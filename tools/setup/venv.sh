#!/bin/sh
# Usage: tools/setup/venv.sh localhost|dev
# Makes .venv with what requirements-$1.txt names; does nothing when it is there already.
# PYTHON=/path/to/python3 chooses the interpreter.
set -eu
cd "$(dirname "$0")/../.."
set_name=$1
py=.venv/bin/python
stamp=.venv/.installed

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Runs the candidate: a name on PATH may be a shim for a version that is not installed.
is_between() {
    "$1" -c "import sys, venv, ensurepip; sys.exit(not $2 <= sys.version_info[:2] <= $3)" 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_between "$PYTHON" '(3, 11)' '(3, 99)' && echo "$PYTHON" && return
        fail "PYTHON=$PYTHON is not a Python 3.11 or newer with the modules venv and ensurepip."
    fi
    for candidate in python3 python3.13 python3.12 python3.11; do
        is_between "$candidate" '(3, 11)' '(3, 13)' && echo "$candidate" && return
    done
    is_between python3 '(3, 14)' '(3, 99)' && echo python3 && return  # newer than what we test
    fail "No Python 3.11 or newer with the modules venv and ensurepip is on PATH." \
        "Debian and Ubuntu: apt install python3 python3-venv. Others: https://www.python.org." \
        "Or name one: make PYTHON=/path/to/python3 ..."
}

fingerprint() {
    cat requirements.txt requirements-localhost.txt requirements-dev.txt \
        localhost/requirements-worker.txt tools/setup/venv.sh | cksum
}

wanted=$(fingerprint)
if [ -x "$py" ] && "$py" -c '' 2>/dev/null; then
    for installed in "$set_name" dev; do  # dev contains localhost
        [ "$(cat "$stamp-$installed" 2>/dev/null)" = "$wanted" ] && exit 0
    done
fi

# Assigned on a line of its own, so that `set -e` sees it fail.
if ! "$py" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    echo "Setting up .venv with $("$python" --version) ..." >&2
    rm -rf .venv
    "$python" -m venv .venv
fi
echo "Installing what requirements-$set_name.txt names (about 1 min) ..." >&2
"$py" -m pip install --disable-pip-version-check -q -r "requirements-$set_name.txt" ||
    fail "pip could not install requirements-$set_name.txt; its message is above."
# Without its dependencies, and although it asks for Python 3.13: see that file.
"$py" -m pip install --disable-pip-version-check -q --no-deps --ignore-requires-python \
    --require-hashes -r localhost/requirements-worker.txt ||
    fail "pip could not install localhost/requirements-worker.txt; its message is above."
echo "$wanted" >"$stamp-$set_name"
