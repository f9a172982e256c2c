// CallRecord: what became of one leg, told from the messages that were written; the ground for
// `calls` tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "simulate/plan.h"
#include "simulate/rtp_stream.h"

namespace siploom::simulate {

class CallRecord final {
 public:
  void note(const Leg& leg, const Step& step, bool copied);
  bool is_empty() const { return messages_ == 0; }
  // Nothing final was seen: what it is depends on how much longer the capture goes on.
  bool is_open() const { return !is_empty() && status_ == 0 && answered_ == kUnseen && !ended_; }
  // A line of JSON, with its newline; `now` is the last time of the capture.
  void append_json(std::string& out, const Plan& plan, uint8_t leg,
                   const std::vector<RtpStream>& streams, Nanoseconds now) const;

 private:
  std::string_view state(Nanoseconds now) const;
  std::string_view unanswered_state(Nanoseconds now) const;
  void write_codecs(JsonWriter& json, const Plan& plan) const;
  void note_request(const Step& step);
  void note_response(const Leg& leg, const Step& step);

  static constexpr Nanoseconds kUnseen = INT64_MIN;
  Nanoseconds first_ = kUnseen, begun_ = kUnseen, progress_ = kUnseen, answered_ = kUnseen,
              end_ = kUnseen, last_ = kUnseen;
  uint32_t messages_ = 0, retransmissions_ = 0, copies_ = 0;
  uint16_t status_ = 0;
  Method method_ = Method::Invite;
  bool tried_ = false, rang_ = false, credentials_ = false;
  bool offered_ = false, agreed_ = false, changed_codec_ = false;  // what SDP was seen
  bool ended_by_callee_ = false, ended_ = false;
};

}  // namespace siploom::simulate
