#!/usr/bin/env bash
# Installs what the project needs: bubblewrap and libseccomp from the system (as root), everything else into a virtual environment.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}
python=${PYTHON:-python3}

"$python" - <<'PY' || { echo "Python 3.11 or newer is needed: make setup PYTHON=python3.12" >&2; exit 2; }
import sys
sys.exit(sys.version_info < (3, 11))
PY

have_seccomp() { ldconfig -p 2>/dev/null | grep -q libseccomp.so.2; }
if ! command -v bwrap >/dev/null || ! have_seccomp; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing bubblewrap and libseccomp ..."
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq bubblewrap libseccomp2 >/dev/null
    else
        echo "bubblewrap or libseccomp2 is missing. Submissions cannot be graded until somebody with the rights runs:" >&2
        echo "    sudo apt-get install bubblewrap libseccomp2" >&2
    fi
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "Installing Python packages into $venv (the first time takes some minutes) ..."
pip() { "$venv/bin/python" -m pip --disable-pip-version-check -q "$@" 2> >(grep -v '^WARNING: Location' >&2); }
# torch first and by exact version: resolving it together with torchvision could pull a build with several GB of CUDA
if [ -n "${TORCH_INDEX:-}" ]; then  # for instance https://download.pytorch.org/whl/cpu
    pip install --index-url "$TORCH_INDEX" $(grep -E '^torch(vision)?==' constraints.txt)
fi
pip install -c constraints.txt "$(grep '^torch==' constraints.txt)"
pip install -c constraints.txt setuptools wheel
pip install -c constraints.txt --no-build-isolation -e '.[dev]'
# axe-core, which the tests of the pages run in a browser: a development dependency, pinned with its digest in package-lock.json
if [ -f package-lock.json ]; then
    cp package.json package-lock.json "$venv/"
    if ! command -v npm >/dev/null || ! npm ci --prefix "$venv" --ignore-scripts --no-audit --no-fund --loglevel=error; then
        echo "axe-core is missing (npm install did not work): the tests of accessibility are skipped" >&2
    fi
fi
echo "Ready."
