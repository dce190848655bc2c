#!/usr/bin/env bash
# Installs the grader and a CPU build of torch beside this file's folder's packages, at the versions that it was tried
# with, and sees whether it grades here. Run as root, on Debian or Ubuntu, when the image is built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${KATAS_HOME:-/opt/katas}
torch_index=${KATAS_TORCH_INDEX:-https://download.pytorch.org/whl/cpu}
wanted=@@python

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends ca-certificates libgl1 libglib2.0-0 libseccomp2 python3 python3-pip python3-venv

# The image may come with another Python; uv brings the one that the versions below were tried with.
python=$(command -v "python$wanted" || true)
if [ -z "$python" ] || ! "$python" -c 'import ensurepip' 2>/dev/null; then
    python3 -m venv "$home-uv"
    "$home-uv/bin/python" -m pip install --no-cache-dir uv
    UV_PYTHON_INSTALL_DIR=/opt/python "$home-uv/bin/uv" python install "$wanted"
    python=$(UV_PYTHON_INSTALL_DIR=/opt/python "$home-uv/bin/uv" python find "$wanted")
fi

"$python" -m venv "$home"
"$home/bin/python" -m pip install --no-cache-dir --no-deps --index-url "$torch_index" -r "$here/torch.txt"
"$home/bin/python" -m pip install --no-cache-dir -c "$here/constraints.txt" "$here"/pytorch_katas-*.whl
rm -rf /var/lib/apt/lists/*

"$home/bin/python" -P -m grader autograde @@platform --prove --task "$here/katas.json"
