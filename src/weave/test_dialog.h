// Builds SIP messages of scripted dialogs and gives them to a CallWeaver, for tests.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <memory>
#include <string>

#include "weave/call_weaver.h"
#include "weave/sip_facts.h"
#include "wire/sip/message.h"

namespace siploom::weave::test {

constexpr Timestamp kStart{1'700'000'000 * kSecond};

// One message; what is not said is what most messages have.
struct Spec {
  std::string start_line;  // "INVITE" for a request, "180 Ringing" for a response
  std::string cseq_method = "INVITE";
  int cseq = 1;
  std::string to_tag;
  std::string from_tag = "caller";
  std::string call_id = "call-1";
  std::string branch = "z9hG4bK1";
  std::string more;  // further headers, each with its line end
  std::string body;
  const char* src = "10.0.0.1";
  const char* dst = "10.0.0.2";
};

inline std::string text_of(const Spec& spec) {
  const bool response = spec.start_line[0] >= '1' && spec.start_line[0] <= '6';
  const std::string line =
      response ? "SIP/2.0 " + spec.start_line : spec.start_line + " sip:bob@example.org SIP/2.0";
  const std::string to_tag = spec.to_tag.empty() ? "" : ";tag=" + spec.to_tag;
  return fmt::format(
      "{}\r\nVia: SIP/2.0/UDP h;branch={}\r\nFrom: \"Al\" <sip:alice@example.org>;tag={}\r\n"
      "To: <sip:bob@example.org>{}\r\nCall-ID: {}\r\nCSeq: {} {}\r\n{}Content-Length: {}\r\n\r\n{}",
      line, spec.branch, spec.from_tag, to_tag, spec.call_id, spec.cseq, spec.cseq_method,
      spec.more, spec.body.size(), spec.body);
}

class Feeder {
 public:
  explicit Feeder(const WeaveOptions& options = {})
      : weaver(options), view_(std::make_unique<sip::MessageView>()) {}

  CallWeaver::Outcome add(double seconds, const Spec& spec) {
    const std::string& text = texts_.emplace_back(text_of(spec));
    model::Record record;
    record.time = kStart + static_cast<int64_t>(seconds * 1e9);
    record.src = {*parse_ip(spec.src), 5060};
    record.dst = {*parse_ip(spec.dst), 5060};
    record.frame = ++frame_;
    record.payload = as_bytes(text);
    view_->parse(record.payload);
    SipFacts facts;
    read_facts(*view_, facts);
    return weaver.add(record, facts);
  }
  // From Alice to Bob, and back.
  void request(double seconds, const std::string& method, Spec spec = {}) {
    spec.start_line = spec.cseq_method = method;
    add(seconds, spec);
  }
  void response(double seconds, const std::string& status, Spec spec = {}) {
    spec.start_line = status;
    if (spec.to_tag.empty() && status.substr(0, 3) != "100") spec.to_tag = "callee";
    std::swap(spec.src, spec.dst);
    add(seconds, spec);
  }
  // The only call, its state as of `seconds`.
  const model::Call& only(double seconds = 1000) {
    weaver.settle(kStart + static_cast<int64_t>(seconds * 1e9));
    const model::Call* found = nullptr;
    size_t count = 0;
    weaver.for_each([&](const model::Call& call) {
      found = &call;
      ++count;
    });
    if (count != 1) throw std::runtime_error(fmt::format("{} calls", count));
    return *found;
  }

  CallWeaver weaver;

 private:
  std::unique_ptr<sip::MessageView> view_;
  std::deque<std::string> texts_;
  uint64_t frame_ = 0;
};

// Sets one member of a Spec after the other: Spec s = with(&Spec::cseq, 2).
template <class T, class V>
Spec with(T Spec::*member, V value, Spec spec = {}) {
  spec.*member = value;
  return spec;
}

}  // namespace siploom::weave::test
