// Filter: one expression of siploom's filter language (docs/filter.md), compiled once, matched
// against many subjects. A filter is immutable; several threads may match with the same one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/function_ref.h"
#include "base/net.h"
#include "base/result.h"
#include "base/time.h"
#include "registry/fields.h"

namespace siploom::query {

// Value of a field: absent, text, number, address (with port 0 when it has none), time, duration in
// ns, or truth.
struct Duration {
  Nanoseconds ns = 0;
};
using Value =
    std::variant<std::monostate, std::string_view, double, Endpoint, Timestamp, Duration, bool>;

// What a filter is asked about: a message, or a call. Implemented where the data is (pipeline).
class Subject {
 public:
  virtual ~Subject() = default;
  // Calls `take` with each value of the field, usually one, none when absent; `take` returns false
  // to stop.
  using Take = FunctionRef<bool(const Value&)>;
  virtual void values(registry::FieldId field, Take take) const = 0;
  // Calls `take` with each instance of a header, by name.
  virtual void header(std::string_view name, Take take) const = 0;
  // The message as it came, for bare words and quoted text; of a call: nothing (its messages are
  // asked one by one).
  virtual std::string_view raw() const = 0;
  // Calls only: whether some message satisfied message_predicates()[index].
  virtual bool any(size_t index) const = 0;
};

// A text as a value of the filter language: in quotes, with what it escapes.
std::string quoted(std::string_view text);

class Filter final {
 public:
  // `scope` tells what subjects will be. For Scope::Call, a field or text search that only messages
  // have is asked of the call's messages, as if it stood in any(...).
  static Result<Filter> compile(std::string_view text, registry::Scope scope);
  ~Filter();
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;

  bool matches(const Subject& subject) const;
  bool is_empty() const;    // the empty filter matches everything
  bool asks_calls() const;  // some field needs the call (call.*)
  // The predicates inside any(...), each to be asked of every message; at most 64.
  const std::vector<Filter>& message_predicates() const;
  // Texts of which every matching message must hold each one, as bytes (a fast refusal before
  // parsing): case-sensitive ones, and those that may stand in any case.
  std::vector<std::string> required_literals() const;
  std::vector<std::string> required_words() const;
  // The expression written out again, fully bracketed; compiling it gives an equal filter.
  std::string text() const;

  struct Node;  // query/node.h
  const Node& root() const { return *root_; }
  registry::Scope scope() const { return scope_; }

 private:
  Filter();
  std::unique_ptr<Node> root_;
  std::vector<Filter> predicates_;
  registry::Scope scope_{};
};

}  // namespace siploom::query
