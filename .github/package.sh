#!/usr/bin/env bash
# .github/package.sh TARGET: builds the program for a target and packs it with its manual page and
# completions into dist/caption-VERSION-TARGET.tar.gz, with a SHA-256 file.
#
# The program generates page and completions. If the target cannot run here, set CAPTION to a
# program that can.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$1
version=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"name":"caption","version":"\([^"]*\)".*/\1/')
name=caption-$version-$target

cargo build --release --locked --bin caption --target "$target"
built=${CARGO_TARGET_DIR:-target}/$target/release/caption
[ -e "$built" ] || built=$built.exe
caption=${CAPTION:-$built}

rm -rf "dist/$name"
mkdir -p "dist/$name/completions"
cp "$built" README.md LICENSE "dist/$name/"
"$caption" --generate man > "dist/$name/caption.1"
"$caption" --generate complete-bash > "dist/$name/completions/caption.bash"
"$caption" --generate complete-zsh > "dist/$name/completions/_caption"
"$caption" --generate complete-fish > "dist/$name/completions/caption.fish"
"$caption" --generate complete-powershell > "dist/$name/completions/_caption.ps1"
"$caption" --generate complete-elvish > "dist/$name/completions/caption.elv"

tar -C dist -czf "dist/$name.tar.gz" "$name"
(cd dist && { sha256sum "$name.tar.gz" 2>/dev/null || shasum -a 256 "$name.tar.gz"; } > "$name.tar.gz.sha256")
echo "dist/$name.tar.gz"
