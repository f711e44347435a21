#!/usr/bin/env bash
# .github/container.sh [TARGET...]: lays out the files of the container image in
# dist/container/ARCH: the static program, CA certificates and a folder for temporary files. One
# folder is one layer. The programs must have been built by package.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

for target in "${@:-x86_64-unknown-linux-musl}"; do
  case $target in
    x86_64-*) root=dist/container/amd64 ;;
    aarch64-*) root=dist/container/arm64 ;;
    *) echo "container.sh: $target: no image for this target" >&2; exit 2 ;;
  esac
  rm -rf "$root"
  install -D -m 755 "${CARGO_TARGET_DIR:-target}/$target/release/caption" "$root/usr/bin/caption"
  install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  install -D -m 644 LICENSE "$root/usr/share/doc/caption/LICENSE"
  install -d -m 1777 "$root/tmp"
done
