#!/usr/bin/env bash
# Runs the live suite for Triton against a real Triton core: installs it, starts it on loopback with the
# models of this folder, and stops it. The core is the one inside NVIDIA's package nvidia-pytriton (Apache-2.0;
# Triton itself is BSD-3-Clause); it needs x86-64 Linux with glibc >= 2.35 and Python 3.8 to 3.13 with venv.
# usage: run.sh [FOLDER]   FOLDER keeps the installation for the next run; without it all is removed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
work=$(cd "$work" && pwd)
kept=$([[ $# -gt 0 ]] && echo true || echo false)
server=
stop() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    for _ in {1..100}; do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
    # Its models are processes of its group: none may outlive it.
    kill -KILL -- "-$server" 2>/dev/null || true
  fi
  if [[ $kept == false ]]; then rm -rf "$work"; fi
}
trap stop EXIT

if [[ ! -e $work/installed ]]; then
  python3 -m venv "$work/venv" ||
    { apt-get update -qq && apt-get install -y -qq python3-venv && python3 -m venv --clear "$work/venv"; }
  # The server needs nothing but numpy; the package's other needs are those of its Python interface.
  "$work/venv/bin/pip" install -q 'numpy<2'
  "$work/venv/bin/pip" install -q --no-deps nvidia-pytriton==0.7.0
  touch "$work/installed"
fi
python=$work/venv/bin/python
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
libraries=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')
triton=$site/pytriton/tritonserver

# Python writes its caches beside the models, so they are copied. The process of a model honours the .pth
# files of the first Python in PATH, and no variable.
rm -rf "$work/backends" "$work/models" "${work:?}/lib"
cp -r "$triton/backends" "$work/backends"
cp "$triton/python_backend_stubs/$version/triton_python_backend_stub" "$work/backends/python/"
chmod +x "$work/backends/python/triton_python_backend_stub"
cp -r "$here/models" "$here/lib" "$work/"
echo "$work/lib" >"$site/toy.pth"

read -r http grpc metrics < <("$python" - <<'PYTHON'
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(each.getsockname()[1] for each in sockets))
PYTHON
)
set -m
PATH=$work/venv/bin:$PATH \
  LD_LIBRARY_PATH=$libraries:$site/nvidia_pytriton.libs \
  OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
  "$triton/bin/tritonserver" --model-repository="$work/models" --backend-directory="$work/backends" \
  --http-address=127.0.0.1 --grpc-address=127.0.0.1 --metrics-address=127.0.0.1 \
  --http-port="$http" --grpc-port="$grpc" --metrics-port="$metrics" --exit-timeout-secs=5 \
  >"$work/server.log" 2>&1 &
server=$!
set +m

is_ready() {
  "$python" -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$http/v2/health/ready', timeout=1)" \
    2>/dev/null
}
for _ in {1..120}; do
  is_ready && break
  if ! kill -0 "$server" 2>/dev/null; then
    break
  fi
  sleep 0.5
done
if ! is_ready; then
  tail -50 "$work/server.log" >&2
  echo 'triton: the server did not become ready' >&2
  exit 1
fi

cd "$here/../../.."
ASSAY_LIVE_TRITON_URL=grpc://127.0.0.1:$grpc \
  ASSAY_LIVE_TRITON_MODELS=vllm:vllm_model,tensorrtllm:ensemble,tensorrtllm_bls:bls,llmapi:llmapi \
  ASSAY_LIVE_TRITON_TOKENIZER=$here/tokenizer.json \
  npm run -s test:live -- test/live/triton.test.ts
