#!/bin/sh
# assemble.sh TARGET [BASE]: puts what the image holds under /app into TARGET, with the node and npm on the path.
# The Dockerfile runs it, and so does the test that runs the image in a cluster.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
target=$1
mkdir -p "$target"
cp "$here/package.json" "$here/package-lock.json" "$here/LICENSE" "$target/"
cp -R "$here/src" "$target/"
cd "$target"
npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
# What is inside, for scanners (CycloneDX).
npm sbom --omit=dev --package-lock-only --sbom-format=cyclonedx >sbom.json
# Nobody reads these at run time.
find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' \) -delete
rm -rf node_modules/.bin node_modules/.package-lock.json package-lock.json
chmod -R a+rX,go-w .
