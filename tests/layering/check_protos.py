#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Lints proto/quantfleet/v1 by the rules in proto/README.md, on protoc's own descriptors."""
import pathlib
import re
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "quantfleet.v1"
FILE_MESSAGE, FILE_ENUM, FILE_SERVICE = 4, 5, 6
MESSAGE_FIELD, MESSAGE_NESTED, MESSAGE_ENUM = 2, 3, 4


def load():
    protos = sorted((ROOT / "proto/quantfleet/v1").glob("*.proto"))
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", f"-I{ROOT / 'proto'}", "--include_source_info",
                        f"--descriptor_set_out={out.name}", *map(str, protos)], check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())


def snake_upper(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).upper()


class Linter:
    def __init__(self, file):
        self.file = file
        self.problems = []
        # A field may share the comment of the one before it when it follows without a blank line or comment.
        self.comments = {tuple(loc.path): loc.leading_comments.strip() for loc in file.source_code_info.location}
        self.lines = {tuple(loc.path): loc.span[0] + 1 for loc in file.source_code_info.location}

    def say(self, path, text):
        self.problems.append(f"{self.file.name}:{self.lines.get(path, 1)}: {text}")

    def need_comment(self, path, name):
        if not self.comments.get(path):
            self.say(path, f"{name} has no comment")

    def message(self, message, path):
        self.need_comment(path, f"message {message.name}")
        former = None
        for i, field in enumerate(message.field):
            at = path + (MESSAGE_FIELD, i)
            shares = former is not None and self.lines[at] == self.lines[former] + 1
            if not shares:
                self.need_comment(at, f"field {message.name}.{field.name}")
            former = at
            if not re.fullmatch(r"[a-z][a-z0-9_]*", field.name):
                self.say(at, f"field {field.name} is not lower_snake_case")
        for i, nested in enumerate(message.nested_type):
            if not nested.options.map_entry:
                self.message(nested, path + (MESSAGE_NESTED, i))
        for i, enum in enumerate(message.enum_type):
            self.enum(enum, path + (MESSAGE_ENUM, i))

    def enum(self, enum, path):
        self.need_comment(path, f"enum {enum.name}")
        prefix = snake_upper(enum.name) + "_"
        for i, value in enumerate(enum.value):
            at = path + (2, i)
            self.need_comment(at, f"value {value.name}")
            if not value.name.startswith(prefix):
                self.say(at, f"value {value.name} does not start with {prefix}")
            if value.number == 0 and value.name != prefix + "UNSPECIFIED":
                self.say(at, f"the zero value must be {prefix}UNSPECIFIED")

    def service(self, service, path):
        self.need_comment(path, f"service {service.name}")
        if not service.name.endswith("Service"):
            self.say(path, f"service {service.name} does not end in Service")
        for i, method in enumerate(service.method):
            at = path + (2, i)
            self.need_comment(at, f"rpc {method.name}")
            for kind, suffix in ((method.input_type, "Request"), (method.output_type, "Response")):
                if kind != f".{PACKAGE}.{method.name}{suffix}":
                    self.say(at, f"rpc {method.name} must use {method.name}{suffix}, not {kind}")

    def run(self):
        if self.file.package != PACKAGE:
            self.say((), f"package {self.file.package} is not {PACKAGE}")
        for i, message in enumerate(self.file.message_type):
            self.message(message, (FILE_MESSAGE, i))
        for i, enum in enumerate(self.file.enum_type):
            self.enum(enum, (FILE_ENUM, i))
        for i, service in enumerate(self.file.service):
            self.service(service, (FILE_SERVICE, i))
        return self.problems


def main():
    files = load().file
    problems = [p for file in files for p in Linter(file).run()]
    print("\n".join(problems))
    print(f"protos: {len(files)} files, {len(problems)} problems")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
