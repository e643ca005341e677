#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Fails on a weight format that a header of kernels/formats declares and the registry lacks, and on a source there that
its CMakeLists.txt does not build."""
import pathlib
import re
import sys

FORMATS = pathlib.Path(__file__).resolve().parents[2] / "kernels" / "formats"
DECLARED = re.compile(r"^\s*(?:extern\s+)?const\s+Format\s*&\s*(\w+)\s*\(\s*\)\s*;", re.MULTILINE)


def check(headers, sources, registry, build):
    """`headers`: path and text; `sources`: paths; all relative to the folder."""
    problems = []
    listed = set(re.findall(r"&\s*(\w+)\(\)", registry))
    declared = {name: path for path, text in headers for name in DECLARED.findall(text)}
    for name, path in sorted(declared.items()):
        if name not in listed:
            problems.append(f"{path}: {name} is not in AllFormats (registry.cpp)")
        elif f'#include "kernels/formats/{path}"' not in registry:
            problems.append(f"{path}: registry.cpp does not include it")
    words = set(build.replace(")", " ").split())
    problems += [f"{path}: CMakeLists.txt does not build it" for path in sources if path not in words]
    if not declared:
        problems.append("no format is declared: has the declaration changed?")
    return problems


def self_test():
    header = ("a/b.hpp", "const Format& B();\n")
    registry = '#include "kernels/formats/a/b.hpp"\n  &B(),\n'
    assert not check([header], ["a/b.cpp"], registry, "add_library(x a/b.cpp)")
    assert check([header], ["a/b.cpp"], "&C(),", "add_library(x a/b.cpp)")
    assert check([header, ("a/c.hpp", "const Format& C();\n")], [], registry, "")
    assert check([header], ["a/b.cpp", "a/c.cpp"], registry, "add_library(x a/b.cpp)")
    assert check([], [], registry, "")


def main():
    self_test()
    headers = [(str(path.relative_to(FORMATS)), path.read_text(encoding="utf-8"))
               for path in sorted(FORMATS.rglob("*.hpp"))]
    sources = [str(path.relative_to(FORMATS)) for path in sorted(FORMATS.rglob("*.cpp"))]
    problems = check(headers, sources, (FORMATS / "registry.cpp").read_text(encoding="utf-8"),
                     (FORMATS / "CMakeLists.txt").read_text(encoding="utf-8"))
    print("\n".join(problems))
    print(f"formats: {len(headers)} headers, {len(sources)} sources, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
