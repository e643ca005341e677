#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Reference vectors through `quantfleet format encode` and `decode`, as files: the bytes and the floats must be the
very ones (encoders that search for scales may differ by 2 % of the error). Every format must give back about its input,
with the listed error.
Usage: format_test.py BIN_DIR"""
import array
import hashlib
import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
COLUMNS = 1024
ROW = 4 * COLUMNS
# Rows of the bitsandbytes input by what they hold; see its README.
FIRST_FIVE = [0, 1, 2, 3, 4]
ALL = list(range(22))
WEIGHTS = [0] + ALL[5:]
# SHA-256 of all decoded rows where the files hold only the first ones; from the reference.
FP4_DECODED = "55ae4f93cea826ffa6b1c9c7447960f82cea2e4127bb7c9432f39b51dbc706b3"
NF4_NESTED_DECODED = "09de43259ba80cc97225c779f77108ec59bf334a58e075fc15ed1d3001f78ed6"
FP4_NESTED_DECODED = "675be5c5debad7fe4723c0a4da938769657351f7223735ff091036bccb9b7fa8"

# SHA-256 of the first five rows packed and decoded by ggml-org/ggml d99724f2 (types F16 and BF16).
HALF_DIGESTS = {
    "fp16": ("c433c5938634172c13a086404d7a6677bfa8911b05420fcc150ce068c1b9c7ba",
             "a0102056ca00291c7783b5fd31e9a155c33b1fd50eb4f8d865810fc26794c0ee"),
    "bf16": ("38b14fe65b2bca893c53647063923e3a8f853af7892580a87fbe8d2b5907dda9",
             "a70f98a6142a5dd48c1672c54ccbdd58ccecb9accce98fc1fe9bd71753c53904"),
}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read(*names):
    return b"".join((DATA / "bnb" / name).read_bytes() for name in names)


def rows_of(data, rows, size):
    return b"".join(data[row * size:(row + 1) * size] for row in rows)


def nested(name):
    return rows_of(read(f"{name}.q.u8"), WEIGHTS, COLUMNS // 2) + read(
        f"{name}.nested.absmax8.u8", f"{name}.nested.absmax2.f32", f"{name}.nested.offset.f32")


def int8_with_scales():
    absmax = array.array("f", read("int8_rowwise.absmax.f32"))
    scales = struct.pack("<5f", *(value / 127 for value in absmax))
    return read("int8_rowwise.q.i8") + scales


def halves(floats):
    return struct.pack(f"<{len(floats)}e", *floats)


def vectors():
    """(format, rows of the input, packed bytes, what the decoded rows begin with or None, their SHA-256 or None)."""
    yield "fp32", ALL, read("input.f32"), read("input.f32"), None
    yield "nf4", ALL, read("nf4.q.u8", "nf4.absmax.f32"), read("nf4.deq.f32"), None
    yield "fp4", ALL, read("fp4.q.u8", "fp4.absmax.f32"), read("fp4.deq.f32"), FP4_DECODED
    yield "nf4_double_quant", WEIGHTS, nested("nf4"), read("nf4.nested.deq.f32"), NF4_NESTED_DECODED
    yield "fp4_double_quant", WEIGHTS, nested("fp4"), read("fp4.nested.deq.f32"), FP4_NESTED_DECODED
    yield ("llm_int8", FIRST_FIVE, read("int8_rowwise.q.i8", "int8_rowwise.absmax.f32"),
           read("int8_rowwise.deq.f32"), None)
    yield "int8", FIRST_FIVE, int8_with_scales(), None, None
    yield "w8a8", FIRST_FIVE, int8_with_scales(), None, None
    # Python's own conversion to binary16 is the reference.
    packed = halves(array.array("f", read("input.f32")))
    yield "fp16", ALL, packed, array.array("f", struct.unpack(f"<{len(packed) // 2}e", packed)).tobytes(), None


def block_types():
    """Names of tests/data/gguf/NAME.q.bin, made from the rows of its own input."""
    names = sorted(path.name.removesuffix(".q.bin") for path in (DATA / "gguf").glob("*.q.bin"))
    assert len(names) >= 12, f"only {names}"
    return names


def row_errors(values, decoded):
    """Root of the summed squares, row by row."""
    pairs = list(zip(values, decoded))
    return [math.sqrt(math.fsum((a - b) ** 2 for a, b in pairs[i:i + COLUMNS])) for i in range(0, len(pairs), COLUMNS)]


class Client:
    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)

    def call(self, *words):
        return subprocess.run([self.program, "format", *words], capture_output=True, text=True, timeout=60)

    def convert(self, verb, name, data, columns=COLUMNS):
        source, target = self.folder / "in", self.folder / "out"
        source.write_bytes(data)
        target.unlink(missing_ok=True)
        done = self.call(verb, name, source, target, "--columns", str(columns))
        assert done.returncode == 0, f"{verb} {name}: exit {done.returncode}, {done.stderr}"
        assert not done.stdout + done.stderr, f"{verb} {name}: {done.stdout}{done.stderr}"
        assert sorted(path.name for path in self.folder.iterdir()) == ["in", "out"], f"{verb} {name} leaves files"
        return target.read_bytes()


def check_vector(client, name, rows, packed, begins, digest):
    encoded = client.convert("encode", name, rows_of(read("input.f32"), rows, ROW))
    assert encoded == packed, f"{name}: the bytes differ from the reference"
    decoded = client.convert("decode", name, packed)
    assert len(decoded) == len(rows) * ROW, f"{name}: {len(decoded)} bytes decoded"
    assert begins is None or decoded[:len(begins)] == begins, f"{name}: the floats differ from the reference"
    assert digest is None or sha256(decoded) == digest, f"{name}: later rows differ"


def check_half(client, name, packed_digest, decoded_digest):
    packed = client.convert("encode", name, rows_of(read("input.f32"), FIRST_FIVE, ROW))
    assert sha256(packed) == packed_digest, f"{name}: the bytes differ from the reference"
    assert sha256(client.convert("decode", name, packed)) == decoded_digest, f"{name}: the floats differ"


def check_blocks(client, name):
    """True if the encoder gives the reference's bytes; else its error on each row is at most 2 % more."""
    source, packed, floats = ((DATA / "gguf" / file).read_bytes()
                              for file in ("input.f32", f"{name}.q.bin", f"{name}.deq.f32"))
    assert client.convert("decode", name, packed) == floats, f"{name}: the floats differ from the reference"
    encoded = client.convert("encode", name, source)
    assert len(encoded) == len(packed), f"{name}: {len(encoded)} bytes, not {len(packed)}"
    if encoded == packed:
        return True
    values = array.array("f", source)
    ours = row_errors(values, array.array("f", client.convert("decode", name, encoded)))
    theirs = row_errors(values, array.array("f", floats))
    assert all(a <= 1.02 * b for a, b in zip(ours, theirs)), f"{name}: errors {ours}, reference {theirs}"
    return False


def check_round_trip(client, item):
    """Weight-like rows: error about as listed, and decoded alike twice."""
    name = item["name"]
    rows = rows_of(read("input.f32"), range(5, 21), ROW)
    packed = client.convert("encode", name, rows)
    decoded = client.convert("decode", name, packed)
    values, back = array.array("f", rows), array.array("f", decoded)
    noise = math.fsum((a - b) ** 2 for a, b in zip(values, back))
    error = math.sqrt(noise / math.fsum(a * a for a in values))
    assert error <= 1.3 * item["relativeError"], f"{name}: relative error {error}, listed {item['relativeError']}"
    assert error >= 0.7 * item["relativeError"], f"{name}: relative error {error}, listed {item['relativeError']}"
    assert client.convert("decode", name, packed) == decoded, f"{name}: decodes otherwise the second time"
    return error, 8 * len(packed) / len(values)


def main():
    program = pathlib.Path(sys.argv[1]) / "quantfleet"
    with tempfile.TemporaryDirectory() as folder:
        client = Client(program, folder)
        listed = client.call("list", "--output", "json")
        assert listed.returncode == 0 and not listed.stderr, listed.stderr
        formats = json.loads(listed.stdout)["formats"]
        for item in formats:
            assert item["devices"], f"{item['name']}: no device answers"
            for device in item["devices"]:
                assert device["support"], f"{item['name']}: the engine says nothing of it"
                assert all(entry["supported"] != bool(entry.get("reason")) for entry in device["support"]), item
        exact = []
        for name, *rest in vectors():
            check_vector(client, name, *rest)
            exact.append(name)
        for name, digests in HALF_DIGESTS.items():
            check_half(client, name, *digests)
            exact.append(name)
        for name in block_types():
            if check_blocks(client, name):
                exact.append(name)
        assert set(exact) <= {item["name"] for item in formats}
        for item in formats:
            error, bits = check_round_trip(client, item)
            print(f"{item['name']:20} {'bytes' if item['name'] in exact else '':5} error {error:.3e}  {bits:.4f} bits")
    print(f"{len(formats)} formats, {len(set(exact))} equal to reference bytes")


if __name__ == "__main__":
    main()
