#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema accepts every example and every valid corpus file, and refuses those bad ones whose fault is one
of structure (not of YAML, of arithmetic or between two parts of the file)."""
import json
import pathlib
import sys

import jsonschema
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]
STRUCTURAL = """
attention_unknown_layer awaited_axis awaited_workload bad_confidence bad_name bad_percent bad_seed bad_unit_memory
bad_unit_seconds baseline_unknown_axis baseline_with_a_list bound_on_text doubling_of_three each_unknown empty_axis
exclude_empty_when exclude_unknown_axis exclude_without_reason explain_maybe exponent_batch fixed_list
fractional_batch glob_too_long huge_batch infinite_seconds join_for_without_join join_for_without_unit join_now
join_without_each list_document memory_without_bound negative_batch no_baseline no_version null_axis
priority_too_high quoted_batch range_step_zero repeat_zero scalar_document search
search_for_nothing search_points search_twice
several shape_without_k target_without_name ten_to_the_eighteen_arms unknown_condition_key unknown_format
unknown_kernel unknown_key unknown_key_in_measure unknown_layer unknown_model unknown_property unknown_workload
whole_percent wrong_type_axes wrong_type_name wrong_version
""".split()


def main():
    schema = json.loads((ROOT / "schemas/matrix/matrix.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    good = sorted((ROOT / "examples").glob("*.yaml")) + sorted((HERE / "valid").glob("*.yaml"))
    problems = []
    for path in good:
        for error in validator.iter_errors(yaml.safe_load(path.read_bytes())):
            problems.append(f"{path.name}: refused: {error.message}")
    for name in STRUCTURAL:
        document = yaml.safe_load((HERE / "bad" / f"{name}.yaml").read_bytes())
        if validator.is_valid(document):
            problems.append(f"{name}.yaml: accepted")
    print("\n".join(problems))
    print(f"schema: {len(good)} good files, {len(STRUCTURAL)} bad ones, {len(problems)} problems")
    return 1 if problems or len(good) < 5 else 0


if __name__ == "__main__":
    sys.exit(main())
