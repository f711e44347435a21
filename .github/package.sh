#!/usr/bin/env bash
# .github/package.sh TARGET: builds the program for a target and packs it with its manual page and
# completions into dist/caption-VERSION-TARGET.tar.gz (.zip for Windows), with a SHA-256 file. For
# a Linux target with the GNU C library, a .deb and an .rpm are made too, if cargo-deb and
# cargo-generate-rpm are installed.
#
# The program generates page and completions. If the target cannot run here, set CAPTION to a
# program that can.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$1
version=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"name":"caption","version":"\([^"]*\)".*/\1/')
name=caption-$version-$target
release=${CARGO_TARGET_DIR:-target}/$target/release

# The same commit gives the same bytes in every folder: no path of this machine gets into the
# program, and below all files get the time of the commit.
native() { cygpath -w "$1" 2>/dev/null || echo "$1"; }
home=$(native "${CARGO_HOME:-$HOME/.cargo}")
here=$(native "$PWD")
remap="'--remap-path-prefix=$home=cargo', '--remap-path-prefix=$here=caption'"

build=(build)
built=$target
case $target in
  # Zig brings the C library: a build starts on every Linux since RHEL 8, Debian 10 and Ubuntu 20.04.
  *-linux-gnu) build=(zigbuild); built=$target.2.28 ;;
  *-linux-musl) build=(zigbuild) ;;
esac
cargo "${build[@]}" --release --locked --bin caption --target "$built" \
  --config "target.$target.rustflags=[$remap]"

binary=$release/caption
[ -e "$binary" ] || binary=$binary.exe
caption=${CAPTION:-$binary}
pages=$release/pages
mkdir -p "$pages"
"$caption" --generate man > "$pages/caption.1"
gzip -9nkf "$pages/caption.1"
"$caption" --generate complete-bash > "$pages/caption.bash"
"$caption" --generate complete-zsh > "$pages/_caption"
"$caption" --generate complete-fish > "$pages/caption.fish"
"$caption" --generate complete-powershell > "$pages/_caption.ps1"
"$caption" --generate complete-elvish > "$pages/caption.elv"
# A fresh copy: an RPM package keeps times that are before that of the commit.
cp README.md LICENSE "$pages/"

# Read by cargo-deb. Set for the build, it would compile the dependencies again for each commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH TZ=UTC

rm -rf "dist/$name"
mkdir -p "dist/$name/completions"
cp "$binary" README.md LICENSE "$pages/caption.1" "dist/$name/"
cp "$pages"/*caption.{bash,fish,ps1,elv} "$pages/_caption" "dist/$name/completions/"
find "dist/$name" -exec touch -d "@$SOURCE_DATE_EPOCH" {} + 2>/dev/null ||
  find "dist/$name" -exec touch -t "$(date -u -r "$SOURCE_DATE_EPOCH" +%Y%m%d%H%M.%S)" {} +

cd dist
files() { find "$name" -type f | LC_ALL=C sort; }
case $target in
  *-windows-*)
    archive=$name.zip
    rm -f "$archive"
    if command -v zip >/dev/null; then
      files | zip -qX "$archive" -@
    else
      7z a -bd "$archive" "$name" >/dev/null
    fi
    ;;
  *)
    archive=$name.tar.gz
    if tar --version | grep -q GNU; then owner=(--owner=0 --group=0 --numeric-owner); else owner=(--uid 0 --gid 0); fi
    files | tar "${owner[@]}" -cf - -T - | gzip -9n > "$archive"
    ;;
esac
archives=("$archive")

if [[ $target = *-linux-gnu ]] && cargo deb --version >/dev/null 2>&1; then
  cargo deb --no-build --no-strip --target "$target" --output "$name.deb" >/dev/null
  archives+=("$name.deb")
fi
if [[ $target = *-linux-gnu ]] && cargo generate-rpm --version >/dev/null 2>&1; then
  (cd .. && cargo generate-rpm --target "$target" --source-date "$SOURCE_DATE_EPOCH" --output "dist/$name.rpm")
  archives+=("$name.rpm")
fi

for archive in "${archives[@]}"; do
  { sha256sum "$archive" 2>/dev/null || shasum -a 256 "$archive"; } > "$archive.sha256"
  echo "dist/$archive"
done
