#!/bin/sh
# Usage: tools/setup/venv.sh localhost|dev|sdk2
# Makes .venv with what requirements-$1.txt names; does nothing when it is there already.
# sdk2 makes .venv/sdk2: requirements-dev.txt, and requirements-sdk2.txt over it.
# PYTHON=/path/to/python3 chooses the interpreter; exit code 3 when there is none that is new enough.
set -eu
cd "$(dirname "$0")/../.."
set_name=$1
venv=.venv
lowest=11
if [ "$set_name" = sdk2 ]; then venv=.venv/sdk2 lowest=13; fi
py=$venv/bin/python
stamp=$venv/.installed

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
        is_between "$PYTHON" "(3, $lowest)" '(3, 99)' && echo "$PYTHON" && return
        fail "PYTHON=$PYTHON is not a Python 3.$lowest or newer with the modules venv and ensurepip."
    fi
    for candidate in python3 python3.13 python3.12 python3.11 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13.*/bin/python; do
        is_between "$candidate" "(3, $lowest)" '(3, 13)' && echo "$candidate" && return
    done
    is_between python3 '(3, 14)' '(3, 99)' && echo python3 && return  # newer than what we test
    printf '%s\n' >&2 \
        "No Python 3.$lowest or newer with the modules venv and ensurepip is on PATH." \
        "Debian and Ubuntu: apt install python3 python3-venv. Others: https://www.python.org." \
        "Or name one: make PYTHON=/path/to/python3 ..."
    exit 3
}

fingerprint() {
    cat requirements.txt requirements-localhost.txt requirements-dev.txt \
        requirements-sdk2.txt localhost/requirements-worker.txt tools/setup/venv.sh | cksum
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
    echo "Setting up $venv with $("$python" --version) ..." >&2
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
install() {
    "$py" -m pip install --disable-pip-version-check -q "$@" ||
        fail "pip could not install what $set_name needs; its message is above."
}
echo "Installing what requirements-$set_name.txt names (about 1 min) ..." >&2
if [ "$set_name" = sdk2 ]; then
    install -r requirements-dev.txt
    install --no-deps -r requirements-sdk2.txt
else
    install -r "requirements-$set_name.txt"
fi
# Without its dependencies, and although it asks for Python 3.13: see that file.
install --no-deps --ignore-requires-python --require-hashes -r localhost/requirements-worker.txt
echo "$wanted" >"$stamp-$set_name"
