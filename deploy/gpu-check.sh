#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds the engine for the GPU of this machine, checks every kernel, and measures a few blocks. Needs
# CMake 3.24, a C++20 compiler and nvcc 12.4 or newer; nothing else.
#
#   deploy/gpu-check.sh [OUT]                 checks and measures; results in OUT (build/gpu-check)
#   deploy/gpu-check.sh --compile-only [OUT]  only compiles, for every architecture or
#                                             for $QUANTFLEET_CUDA_ARCHITECTURES; needs no GPU
#   deploy/gpu-check.sh --vendor              copies the header-only JSON library to build/vendor, so that
#                                             the tree can be carried to a machine without it
#
# Exit: 0 good, 1 a check or the build failed, 2 bad usage, 3 no GPU or no nvcc.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

say() { printf 'gpu-check: %s\n' "$*"; }
fail() { say "$2" >&2; exit "$1"; }

find_nvcc() {
  local candidate
  for candidate in "${CUDACXX:-}" "$(command -v nvcc || true)" /usr/local/cuda/bin/nvcc; do
    if [[ -n $candidate && -x $candidate ]]; then echo "$candidate"; return; fi
  done
  fail 3 "no nvcc found (CUDACXX, PATH, /usr/local/cuda/bin)"
}

vendor() {
  local source
  for source in /usr/include /usr/local/include; do
    if [[ -f $source/nlohmann/json.hpp ]]; then
      mkdir -p build/vendor/include
      cp -r "$source/nlohmann" build/vendor/include/
      say "build/vendor/include/nlohmann is a copy of $source/nlohmann"
      return
    fi
  done
  fail 1 "nlohmann/json.hpp is not installed here (Debian package nlohmann-json3-dev)"
}

# configure BUILD_DIR CMAKE_ARGUMENT...
configure() {
  local directory=$1
  shift
  cmake -S kernels -B "$directory" -DCMAKE_BUILD_TYPE=Release -DQUANTFLEET_CUDA=ON \
    -DCMAKE_CUDA_COMPILER="$nvcc" -DCMAKE_INCLUDE_PATH="$root/build/vendor/include" "$@" \
    >"$out/configure.txt" 2>&1 || { cat "$out/configure.txt" >&2; fail 1 "configuring failed"; }
}

# What ptxas says of each kernel, one line a kernel and architecture: architecture, registers, bytes of
# spills, bytes of shared memory, name. Kernels that an architecture skips (an empty body of a handful of
# registers) are left out.
list_registers() {
  c++filt | awk '
    /Compiling entry function/ {
      match($0, /for .sm_[0-9]+/); architecture = substr($0, RSTART + 5, RLENGTH - 5)
      sub(/^.*entry function ./, ""); sub(/. for .sm_.*$/, "")
      gsub(/quantfleet::|linear::|attention::|cuda::|\(anonymous namespace\)::/, ""); sub(/^void /, "")
      gsub(/\(KvCode\)/, "KvCode")
      sub(/\(.*$/, ""); name = $0
    }
    /bytes spill stores/ { spills = $5 + $9 }
    /Used [0-9]+ registers/ {
      match($0, /Used [0-9]+/); registers = substr($0, RSTART + 5, RLENGTH - 5) + 0
      shared = 0
      if (match($0, /[0-9]+ bytes smem/)) { shared = substr($0, RSTART, RLENGTH) + 0 }
      if (registers > 8) { print architecture, registers, spills, shared, name }
    }' | sort -k5 -k1,1V
}

# The hot kernels of that list as a table: registers, with "+N" for N bytes of spills.
print_table() {
  awk '
    $5 ~ /^(TensorCore|Gemv|Decode|Int8|Ablation|SplitKv|Prefill|Materialize)/ {
      name = $5; for (i = 6; i <= NF; ++i) name = name " " $i
      if (!(name in seen)) { seen[name] = 1; names[++count] = name }
      if (!($1 in columns)) { columns[$1] = 1; order[++width] = $1 }
      cell[name, $1] = $2 ($3 > 0 ? "+" $3 : "")
    }
    END {
      for (i = 1; i < width; ++i) for (j = i + 1; j <= width; ++j)
        if (substr(order[j], 4) + 0 < substr(order[i], 4) + 0) {
          swap = order[i]; order[i] = order[j]; order[j] = swap
        }
      printf "%-52s", "registers (+bytes spilled)"
      for (i = 1; i <= width; ++i) printf "%8s", order[i]
      print ""
      for (n = 1; n <= count; ++n) {
        printf "%-52s", names[n]
        for (i = 1; i <= width; ++i)
          printf "%8s", ((names[n], order[i]) in cell ? cell[names[n], order[i]] : "-")
        print ""
      }
    }'
}

compile_only() {
  say "compiling for ${QUANTFLEET_CUDA_ARCHITECTURES:-every architecture} of $("$nvcc" --version | grep -o 'release [0-9.]*')"
  rm -rf "$out/build"
  configure "$out/build" -DQUANTFLEET_PTXAS_VERBOSE=ON \
    ${QUANTFLEET_CUDA_ARCHITECTURES:+"-DCMAKE_CUDA_ARCHITECTURES=$QUANTFLEET_CUDA_ARCHITECTURES"}
  # Kept whole for each file: lines of two compilers must not mix.
  MAKEFLAGS=-Otarget cmake --build "$out/build" -j "$(nproc)" --target qf_cuda quantfleet-device-check \
    >"$out/compile.txt" 2>&1 ||
    { cat "$out/compile.txt" >&2; fail 1 "compiling failed"; }
  list_registers <"$out/compile.txt" >"$out/registers.txt"
  print_table <"$out/registers.txt" | tee "$out/registers-table.txt"
  grep -q TensorCoreKernel "$out/registers.txt" || fail 1 "ptxas named no kernel"
  if awk '$3 > 0' "$out/registers.txt" | grep .; then fail 1 "registers spill in the kernels above"; fi
  say "compiled for: $(cut -d' ' -f1 "$out/registers.txt" | sort -uV | tr '\n' ' ')"
}

describe_machine() {
  nvidia-smi -q >"$out/nvidia-smi.txt" || fail 3 "nvidia-smi failed: no GPU on this machine"
  { "$nvcc" --version; c++ --version; cmake --version; } >"$out/toolchain.txt" 2>&1
}

check_kernels() {
  local check=$build/bin/quantfleet-device-check
  say "checking every kernel"
  "$check" | tee "$out/checks.txt" || fail 1 "checks failed, see $out/checks.txt"
  local sanitizer
  sanitizer=$(command -v compute-sanitizer || echo "$(dirname "$nvcc")/compute-sanitizer")
  if [[ ! -x $sanitizer ]]; then
    say "no compute-sanitizer: memory and race checks left out" | tee "$out/sanitizer.txt"
    return
  fi
  say "the same under compute-sanitizer: out-of-bounds accesses, then races in shared memory"
  local filter
  for filter in decode_ fused_ dequantize_ attention_; do
    "$sanitizer" --tool memcheck --error-exitcode 9 "$check" --filter "$filter" \
      >>"$out/sanitizer.txt" 2>&1 || fail 1 "memcheck found something, see $out/sanitizer.txt"
  done
  "$sanitizer" --tool racecheck --error-exitcode 9 "$check" --filter fused_129x \
    >>"$out/sanitizer.txt" 2>&1 || fail 1 "racecheck found something, see $out/sanitizer.txt"
}

# arm INDEX ROLE FORMAT KERNEL N K BATCH: one BlockArm. The id is the digest of the canonical JSON.
arm() {
  local spec digest
  spec=$(printf '{"cache":"cold","format":"%s","kernel":"%s","linear":{"batch":%d,"k":%d,"n":%d},"seed":7,"workload":"linear"}' \
    "$3" "$4" "$7" "$6" "$5")
  digest=$(printf '%s' "$spec" | sha256sum | cut -d' ' -f1)
  printf '{"index":%d,"role":"ARM_ROLE_%s","armId":"%s","spec":%s}' "$1" "$2" "$digest" "$spec"
}

measured_policy='"minSeconds":0.1,"maxSeconds":2,"minSamples":20,"minRounds":8,"maxRounds":40'
one_round_policy='"minSeconds":0,"maxSeconds":0.001,"minSamples":1,"minRounds":1,"maxRounds":1'

# block NAME BASELINE_FORMAT N K BATCH [POLICY]: one run request.
block() {
  local shape=("$3" "$4" "$5")
  printf '{"run":{"block":{"blockId":"%s","orderSeed":7,"policy":{"relativeInterval":0.01,' "$1"
  printf '"confidence":0.95,%s},' "${6:-$measured_policy}"
  printf '"arms":[%s,%s,%s,%s,%s,%s,%s,%s,%s,%s]}}}\n' \
    "$(arm 0 BASELINE "$2" auto "${shape[@]}")" "$(arm 1 NULL "$2" auto "${shape[@]}")" \
    "$(arm 2 CANDIDATE int8 dequantize_then_gemm "${shape[@]}")" \
    "$(arm 3 CANDIDATE int8 fused "${shape[@]}")" \
    "$(arm 4 CANDIDATE nf4 dequantize_then_gemm "${shape[@]}")" \
    "$(arm 5 CANDIDATE nf4 fused "${shape[@]}")" \
    "$(arm 6 CANDIDATE awq_int4 dequantize_then_gemm "${shape[@]}")" \
    "$(arm 7 CANDIDATE awq_int4 fused "${shape[@]}")" \
    "$(arm 8 CANDIDATE q4_k dequantize_then_gemm "${shape[@]}")" \
    "$(arm 9 CANDIDATE q4_k fused "${shape[@]}")"
}

measure() {
  local capability baseline=bf16 batch
  capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader --id=0)
  if [[ ${capability%%.*} -lt 8 ]]; then baseline=fp32; fi
  say "measuring against $baseline: GPT-2 mlp.c_fc and Llama-3-8B mlp.down_proj, batch 1 to 256"
  {
    echo '{"describe":{}}'
    echo '{"calibrate":{"maxSeconds":4}}'
    for batch in 1 2 4 8 16 32 64 128 256; do
      block "gpt2-c_fc-$batch" "$baseline" 3072 768 "$batch"
      block "llama3-8b-down_proj-$batch" "$baseline" 4096 14336 "$batch"
    done
  } >"$out/requests.jsonl"
  "$build/bin/quantfleet-engine" --device cuda:0 <"$out/requests.jsonl" >"$out/events.jsonl" \
    2>"$out/engine.log" || fail 1 "the engine failed, see $out/engine.log"
  if grep -q '^{"error"' "$out/events.jsonl"; then
    fail 1 "the engine refused a request, see $out/events.jsonl"
  fi
  say "$(grep -c '^{"measurement"' "$out/events.jsonl") measurements in $out/events.jsonl"
}

# What the hardware counted in single calls of each kernel: bytes from and to memory, and how busy the tensor
# pipes were. Extra evidence: without ncu, or without the right to counters, there is none.
count() {
  local ncu metrics batch
  ncu=$(command -v ncu || echo "$(dirname "$nvcc")/ncu")
  if [[ ! -x $ncu ]]; then
    say "no ncu: hardware counters left out" | tee "$out/counters.txt"
    return
  fi
  say "counting memory traffic and tensor pipe use with ncu"
  for batch in 1 16; do
    block "counters-$batch" fp16 4096 4096 "$batch" "$one_round_policy"
  done >"$out/counter-requests.jsonl"
  metrics=gpu__time_duration.sum,dram__bytes_read.sum,dram__bytes_write.sum
  metrics+=,sm__inst_executed_pipe_tensor.sum,sm__throughput.avg.pct_of_peak_sustained_elapsed
  timeout 300 "$ncu" --csv --page raw --metrics "$metrics" --launch-count 400 \
    --kernel-name 'regex:Gemv|TensorCore|Decode|gemm' --log-file "$out/counters.csv" \
    "$build/bin/quantfleet-engine" --device cuda:0 \
    <"$out/counter-requests.jsonl" >"$out/counters.txt" 2>&1 ||
    say "ncu gave no counters, see $out/counters.txt"
}

mode=check
case ${1:-} in
  --vendor) vendor; exit 0 ;;
  --compile-only) mode=compile; shift ;;
  --help | -h) sed -n '5,17s/^# \{0,1\}//p' "$0"; exit 0 ;;
  -*) fail 2 "unknown option $1 (--help shows the usage)" ;;
esac
[[ $# -le 1 ]] || fail 2 "too many arguments (--help shows the usage)"
out=${1:-build/gpu-check}
mkdir -p "$out"
out=$(cd "$out" && pwd)
build=$out/build

if [[ $mode == compile ]]; then
  nvcc=$(find_nvcc)
  compile_only
  exit 0
fi
if ! nvidia-smi -L >/dev/null 2>&1; then fail 3 "no NVIDIA GPU on this machine"; fi
nvcc=$(find_nvcc)
describe_machine
configure "$build" -DCMAKE_CUDA_ARCHITECTURES=native
cmake --build "$build" -j "$(nproc)" >"$out/compile.txt" 2>&1 ||
  { tail -50 "$out/compile.txt" >&2; fail 1 "compiling failed, see $out/compile.txt"; }
check_kernels
measure
count
say "done; take $out with you"
