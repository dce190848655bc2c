#!/usr/bin/env bash
# What only a GPU can show, in less than eight minutes: all solutions, the wrong answers about devices, how long each
# verdict takes, and pictures of the GAN of exercise 35; figures in OUT/gpu.json.
#
#   grader/proofs/gpu.sh pack WHEELS     where a registry is: put into WHEELS what the other machine needs. By
#                                        PIP_INDEX_URL, choose the torch for its driver
#   grader/proofs/gpu.sh run OUT WHEELS  where the GPU is, from the checkout, without a network
#   grader/proofs/gpu.sh run OUT         the same with the Python that is active
#
# DEVICE=cpu and DEVICE=pretend try it where no GPU is; SECONDS_IN_ALL (470) is how long it may take.
set -euo pipefail
cd "$(dirname "$0")/../.."
usage() { sed -n '5,11p' "$0" >&2; exit 2; }

pack() {
    python3 -m pip download --dest "$1" --constraint constraints.txt . hatchling editables psutil
    rm -f "$1"/pytorch_katas-*  # the checkout itself is carried
}

install() {
    python3 -m venv "$2/venv"
    "$2/venv/bin/pip" install --quiet --no-index --find-links "$1" hatchling editables psutil
    "$2/venv/bin/pip" install --quiet --no-index --find-links "$1" --no-build-isolation --editable .
    export PATH="$PWD/$2/venv/bin:$PATH"
}

case "${1:-}:$#" in
    pack:2) pack "$2" ;;
    run:2 | run:3)
        started=$(date +%s)
        mkdir -p "$2"
        [ $# -eq 2 ] || install "$3" "$2"
        python3 -P -m grader.proofs.gpu "$2" --device "${DEVICE:-cuda}" \
            --seconds $((${SECONDS_IN_ALL:-470} - ($(date +%s) - started)))
        ;;
    *) usage ;;
esac
