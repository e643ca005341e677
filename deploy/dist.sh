#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
#
# Packs the built programs with examples, schemas and licence.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(build/bin/quantfleet --version | awk '{print $NF}')
name="quantfleet-$version"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/$name/bin"
for program in quantfleet quantfleet-coordinator quantfleet-agent quantfleet-engine; do
  install -s "build/bin/$program" "$stage/$name/bin/"
done
cp -r examples schemas LICENSE README.md "$stage/$name/"
tar -C "$stage" --sort=name --owner=0 --group=0 -czf "build/$name.tar.gz" "$name"
echo "build/$name.tar.gz"
