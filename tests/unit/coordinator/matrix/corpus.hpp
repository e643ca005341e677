// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace quantfleet::matrix {

// The folder with bad/, valid/ and golden/.
std::filesystem::path CorpusFolder();
// Files of `folder` that end in .yaml, sorted. Ends the program if there are none.
std::vector<std::filesystem::path> YamlFiles(const std::filesystem::path& folder);
// The bytes of a file. Ends the program if it cannot be read.
std::string ReadBytes(const std::filesystem::path& path);
// Compares `text` with the file at `path`, or writes it there if UPDATE_EXPECTED is set in the
// environment. Returns what differs; empty if nothing does.
std::string CompareWithFile(const std::string& text, const std::filesystem::path& path);

}  // namespace quantfleet::matrix
