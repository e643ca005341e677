// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Build tool: pack_page TEMPLATE.html PAGE.css PAGE.js OUT.html OUT.cpp
// Puts style and script into the template, with a policy that names both by their digest.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "web/page_data.hpp"

namespace quantfleet::web {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

uint32_t HexDigit(char c) {
  return static_cast<uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
}

// Base 64 (RFC 4648) of the 32 bytes that `hex` spells.
std::string DigestBase64(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i < hex.size(); i += 6) {
    const std::string_view group = hex.substr(i, 6);
    uint32_t bits = 0;
    for (size_t j = 0; j < 6; ++j) bits = bits << 4 | (j < group.size() ? HexDigit(group[j]) : 0);
    const size_t characters = group.size() / 2 + 1;
    for (size_t j = 0; j < 4; ++j)
      out += j < characters ? kAlphabet[bits >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool WriteFile(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  return static_cast<bool>(file.flush());
}

bool Replace(std::string& text, std::string_view place, std::string_view content) {
  const size_t at = text.find(place);
  if (at == std::string::npos) return false;
  text.replace(at, place.size(), content);
  return true;
}

std::string Policy(std::string_view style, std::string_view script) {
  return "default-src 'none'; script-src 'sha256-" + DigestBase64(Sha256Hex(script)) +
         "'; style-src 'sha256-" + DigestBase64(Sha256Hex(style)) +
         "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";
}

std::string Literal(std::string_view name, std::string_view text) {
  return "const std::string_view " + std::string(name) + " = R\"qfpage(" + std::string(text) +
         ")qfpage\";\n";
}

int Fail(std::string_view message) {
  std::cerr << "pack_page: " << message << "\n";
  return 1;
}

int Pack(char** paths) {
  auto page = ReadFile(paths[1]);
  const auto style = ReadFile(paths[2]);
  const auto script = ReadFile(paths[3]);
  if (!page || !style || !script) return Fail("cannot read the template, the style or the script");
  if (script->find("</script") != std::string::npos || style->find("</style") != std::string::npos)
    return Fail("the script or the style would end its own element");
  const std::string policy = Policy(*style, *script);
  if (page->find(kDataPlace) == std::string::npos || !Replace(*page, "@POLICY@", policy) ||
      !Replace(*page, "@STYLE@", *style) || !Replace(*page, "@SCRIPT@", *script))
    return Fail("the template lacks a place for the data, the policy, the style or the script");
  const std::string source =
      "// Written by pack_page.\n#include \"web/page_data.hpp\"\n\n"
      "namespace quantfleet::web {\n" +
      Literal("kPage", *page) + Literal("kPagePolicy", policy) +
      "}  // namespace quantfleet::web\n";
  if (!WriteFile(paths[4], *page) || !WriteFile(paths[5], source)) return Fail("cannot write");
  return 0;
}

}  // namespace
}  // namespace quantfleet::web

int main(int argc, char** argv) {
  if (argc != 6) return quantfleet::web::Fail("usage: TEMPLATE.html CSS JS OUT.html OUT.cpp");
  return quantfleet::web::Pack(argv);
}
