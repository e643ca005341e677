#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
#
# Installs what building, running and testing needs on Debian 12 (and close relatives). Does nothing, without asking
# for rights, when everything is there. Usage: deploy/install-dependencies.sh [build|test|lint ...] (default: build)
set -euo pipefail

build=(
  g++ make cmake ninja-build ccache pkg-config ca-certificates
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libpqxx-dev libyaml-cpp-dev libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libcpp-httplib-dev
  libhwy-dev libopenblas-dev libboost-math-dev libssl-dev prometheus-cpp-dev
  libhowardhinnant-date-dev tzdata
  esbuild postgresql-15
)
test=(libgtest-dev libgmock-dev python3 python3-jsonschema python3-protobuf python3-yaml python3-selenium
      node-typescript chromium chromium-driver clang clang-format libclang-rt-14-dev procps git openssl pgbouncer)
lint=(clang-format clang-tidy clang libclang-rt-14-dev shellcheck git)
bench=(python3 nodejs npm)
chaos=(python3 faketime)

wanted=()
for group in "${@:-build}"; do
  case "$group" in
    build) wanted+=("${build[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    lint) wanted+=("${lint[@]}") ;;
    bench) wanted+=("${bench[@]}") ;;
    chaos) wanted+=("${chaos[@]}") ;;
    *) echo "install-dependencies: unknown group '$group' (build, test, lint, bench, chaos)" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null; then
  echo "install-dependencies: this is not a Debian system; install by hand: ${wanted[*]}" >&2
  exit 1
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [[ $status == "install ok installed" ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || { echo "install-dependencies: needs root or sudo for: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi

# The server's package would start a cluster of its own at boot; we only use its programs.
if [[ " ${missing[*]} " == *" postgresql-15 "* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
  "${as_root[@]}" mkdir -p /etc/postgresql-common
  echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi

echo "installing: ${missing[*]}" >&2
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update -qq
# RUNLEVEL=1: pgbouncer's package would start a service of its own; the tests start theirs.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}" \
  >/dev/null
