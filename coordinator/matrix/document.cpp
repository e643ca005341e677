// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/document.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace quantfleet::matrix {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Bytes of the UTF-8 sequence that starts `text`; 0 if it is malformed, overlong, a surrogate or
// beyond U+10FFFF (RFC 3629).
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
  const bool beyond = lead == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

// What YAML does not allow at the start of `rest`; empty if it is fine.
std::string Forbidden(std::string_view rest) {
  const char c = rest.front();
  if (c == '\0') return "the document has a NUL byte";
  if (c == '\r' && !rest.starts_with("\r\n")) return "a carriage return without a line feed";
  if ((static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f) {
    return "the document has a control character";
  }
  return "";
}

// False, with a report, if `text` holds bytes that no matrix file has.
bool CheckBytes(std::string_view text, Report* report) {
  Place place;
  bool indenting = true;
  for (size_t i = 0; i < text.size();) {
    const size_t length = SequenceLength(text.substr(i));
    if (length == 0) {
      report->Add(place, "the document is not UTF-8", "save the file as UTF-8");
      return false;
    }
    if (std::string problem = Forbidden(text.substr(i)); !problem.empty()) {
      report->Add(place, std::move(problem));
      return false;
    }
    if (text[i] == '\t' && indenting) {
      report->Add(place, "a tab in the indentation", "YAML indents with spaces");
      return false;
    }
    const bool line_ends = text[i] == '\n';
    indenting = line_ends || (indenting && text[i] == ' ');
    place = line_ends ? Place{place.line + 1, 1}
                      : Place{place.line, place.column + static_cast<int>(length)};
    i += length;
  }
  return true;
}

// Ends the parse from within a callback; the report says why.
struct Refused {};

// Turns yaml-cpp's events into Nodes. yaml-cpp's own tree is never built: it keeps the first of
// repeated keys in silence, crashes on recursive aliases and takes some 88 bytes a byte of input
// (yaml-cpp 0.7.0).
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const Limits& limits, Report* report)
      : limits_(limits), report_(report) {
    line_starts_.push_back(0);
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') line_starts_.push_back(i + 1);
    }
    text_ = text;
  }

  std::optional<YamlNode> Take() { return std::move(root_); }

  // The position of a mark, moved into the document where yaml-cpp points beyond it.
  Place PlaceOf(const YAML::Mark& mark) const {
    const int last = static_cast<int>(line_starts_.size());
    const int line = std::clamp(mark.line + 1, 1, last);
    const size_t start = line_starts_[static_cast<size_t>(line - 1)];
    const size_t end = line == last ? text_.size() : line_starts_[static_cast<size_t>(line)] - 1;
    return {line, std::clamp(mark.column + 1, 1, static_cast<int>(end - start) + 1)};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) Refuse(mark, "a second document", "a matrix file holds one document");
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Check(mark, "", anchor);
    YamlNode node = NewNode(YamlNode::Kind::kNull, mark);
    // An absent value has no place of its own; yaml-cpp points at whatever comes next.
    if (!frames_.empty() && frames_.back().key) node.place = frames_.back().key->place;
    Attach(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "aliases are not allowed", "write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Check(mark, tag, anchor);
    YamlNode node = NewNode(YamlNode::Kind::kScalar, mark);
    node.text = value;
    node.quoted = tag == "!";
    Attach(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { Close(); }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    Refuse(mark, "anchors are not allowed", "write the value out where it is used");
  }

 private:
  struct Key {
    std::string text;
    Place place;
  };
  // A sequence or map that is not closed yet.
  struct Frame {
    YamlNode node;
    std::optional<Key> key;      // of the value to come
    std::set<std::string> keys;  // seen so far
  };

  [[noreturn]] void Refuse(const YAML::Mark& mark, std::string message, std::string hint) {
    report_->Add(PlaceOf(mark), std::move(message), std::move(hint));
    throw Refused();
  }

  void Check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) Refuse(mark, "anchors are not allowed", "write the value out");
    const Place place = PlaceOf(mark);
    const size_t offset =
        line_starts_[static_cast<size_t>(place.line - 1)] + static_cast<size_t>(place.column - 1);
    // yaml-cpp gives quoted scalars the tag "!", and those with an explicit "!" as well.
    const bool explicit_tag = offset < text_.size() && text_[offset] == '!';
    if (explicit_tag || (tag.size() > 1)) {
      Refuse(mark, "tags are not allowed", "write the plain value");
    }
  }

  YamlNode NewNode(YamlNode::Kind kind, const YAML::Mark& mark) {
    if (++nodes_ > limits_.max_nodes) {
      Refuse(mark, "more than " + std::to_string(limits_.max_nodes) + " values",
             "use {doubling: ...} or {range: ...}, or split the matrix");
    }
    YamlNode node;
    node.kind = kind;
    node.place = PlaceOf(mark);
    return node;
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    Check(mark, tag, anchor);
    if (frames_.size() >= static_cast<size_t>(limits_.max_nesting)) {
      Refuse(mark, "nested deeper than " + std::to_string(limits_.max_nesting) + " levels", "");
    }
    if (!frames_.empty() && frames_.back().node.kind == YamlNode::Kind::kMap &&
        !frames_.back().key) {
      Refuse(mark, "a key must be a word", "");
    }
    frames_.push_back({NewNode(kind, mark), std::nullopt, {}});
  }

  void Close() {
    YamlNode node = std::move(frames_.back().node);
    frames_.pop_back();
    Attach(std::move(node));
  }

  void Attach(YamlNode node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == YamlNode::Kind::kSequence) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      AcceptKey(&frame, std::move(node));
    } else {
      if (frame.keys.insert(frame.key->text).second) {
        frame.node.entries.push_back({frame.key->text, frame.key->place, std::move(node)});
      } else {
        report_->Add(frame.key->place, "the key " + Quoted(frame.key->text) + " is given twice",
                     "keep one");
      }
      frame.key.reset();
    }
  }

  void AcceptKey(Frame* frame, YamlNode node) {
    if (node.kind != YamlNode::Kind::kScalar) {
      report_->Add(node.place, "a key must be a word");
      throw Refused();
    }
    if (node.text == "<<") {
      report_->Add(node.place, "merge keys are not allowed", "write the keys out");
      throw Refused();
    }
    frame->key = Key{std::move(node.text), node.place};
  }

  const Limits& limits_;
  Report* report_;
  std::string_view text_;
  std::vector<size_t> line_starts_;
  std::vector<Frame> frames_;
  std::optional<YamlNode> root_;
  size_t nodes_ = 0;
  bool started_ = false;
};

// False, with a report, if the text was refused.
bool ParseEvents(std::string_view text, TreeBuilder* builder, Report* report) {
  try {
    // yaml-cpp takes a quote that is open at the end of the input for closed, but refuses a
    // document end within one.
    std::istringstream stream{std::string(text) + "\n...\n"};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(*builder)) {
    }
    return true;
  } catch (const Refused&) {
  } catch (const YAML::Exception& error) {
    const Place place = builder->PlaceOf(error.mark);
    // Aliases resolve before the callback: an undefined one ends here.
    if (error.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR)) {
      report->Add(place, "aliases are not allowed", "put a text that starts with * in quotes");
    } else if (error.msg == YAML::ErrorMsg::DOC_IN_SCALAR) {
      report->Add(place, "not valid YAML: a quote that was opened above is not closed");
    } else {
      report->Add(place, "not valid YAML: " + error.msg);
    }
  } catch (const std::exception& error) {
    report->Add({}, std::string("not valid YAML: ") + error.what());
  }
  return false;
}

}  // namespace

std::optional<YamlNode> ReadDocument(std::string_view text, const Limits& limits, Report* report) {
  if (text.size() > limits.max_document_bytes) {
    report->Add({}, "the document has " + std::to_string(text.size()) + " bytes, at most " +
                        std::to_string(limits.max_document_bytes) + " are allowed");
    return std::nullopt;
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!CheckBytes(text, report)) return std::nullopt;
  TreeBuilder builder(text, limits, report);
  if (!ParseEvents(text, &builder, report)) return std::nullopt;
  std::optional<YamlNode> root = builder.Take();
  if (!root || root->kind == YamlNode::Kind::kNull) {
    report->Add({}, "the document is empty", "see examples/quickstart.yaml");
    return std::nullopt;
  }
  return root;
}

}  // namespace quantfleet::matrix
