#!/usr/bin/env bash
# .github/manifests.sh REPOSITORY-URL: writes dist/caption.rb, a Homebrew formula, and
# dist/caption.json, a Scoop manifest, from the archives in dist and their SHA-256 files.
set -euo pipefail
cd "$(dirname "$0")/.."

url=$1
version=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"name":"caption","version":"\([^"]*\)".*/\1/')
description=$(sed -n 's/^description = "\(.*\)"/\1/p' Cargo.toml)

archive() { echo "caption-$version-$1"; }
sum() { cut -d ' ' -f 1 "dist/$1.sha256"; }
source_of() {
  local file
  file=$(archive "$1").tar.gz
  printf '      url "%s/releases/download/v%s/%s"\n      sha256 "%s"\n' "$url" "$version" "$file" "$(sum "$file")"
}

cat > dist/caption.rb <<FORMULA
class Caption < Formula
  desc "${description%%:*}"
  homepage "$url"
  version "$version"
  license "MIT"

  on_macos do
    on_arm do
$(source_of aarch64-apple-darwin)
    end
    on_intel do
$(source_of x86_64-apple-darwin)
    end
  end

  on_linux do
    on_arm do
$(source_of aarch64-unknown-linux-gnu)
    end
    on_intel do
$(source_of x86_64-unknown-linux-gnu)
    end
  end

  def install
    bin.install "caption"
    man1.install "caption.1"
    bash_completion.install "completions/caption.bash" => "caption"
    zsh_completion.install "completions/_caption"
    fish_completion.install "completions/caption.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/caption --version")
  end
end
FORMULA

windows=$(archive x86_64-pc-windows-msvc)
cat > dist/caption.json <<MANIFEST
{
  "version": "$version",
  "description": "$description",
  "homepage": "$url",
  "license": "MIT",
  "architecture": {
    "64bit": {
      "url": "$url/releases/download/v$version/$windows.zip",
      "hash": "$(sum "$windows.zip")",
      "extract_dir": "$windows"
    }
  },
  "bin": "caption.exe",
  "checkver": "github",
  "autoupdate": {
    "architecture": {
      "64bit": {
        "url": "$url/releases/download/v\$version/caption-\$version-x86_64-pc-windows-msvc.zip",
        "extract_dir": "caption-\$version-x86_64-pc-windows-msvc"
      }
    }
  }
}
MANIFEST
echo dist/caption.rb
echo dist/caption.json
