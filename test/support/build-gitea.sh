#!/usr/bin/env bash
# Builds Gitea with SQLite from the Go module proxy and puts it, with the templates and texts that it reads while it runs, where
# `go install` puts programs. Takes Go 1.26, a C compiler, and some six minutes on two processors.
set -euo pipefail

# The newest of which the proxy has all modules.
version=v1.26.0

source=$(go mod download -json "code.gitea.io/gitea@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
bin=${GOBIN:-${GOPATH:-$HOME/go}/bin}
static=$bin/gitea-static
mkdir -p "$bin"
# In its own folder: `replace` counts in the main module alone.
go build -C "$source" -tags 'sqlite sqlite_unlock_notify' -ldflags "-s -w -X main.Version=${version#v}" -o "$bin/gitea" .
rm -rf "$static"
mkdir "$static"
cp -r "$source"/{options,public,templates} "$static"
chmod -R u+w "$static"
