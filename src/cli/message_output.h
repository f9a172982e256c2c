// MessagePrinter: messages as text, lines, raw octets or JSON, as the options have it.
#pragma once

#include "cli/options.h"
#include "cli/output.h"
#include "model/record.h"
#include "wire/sip/message.h"

namespace siploom::cli {

class MessagePrinter final {
 public:
  MessagePrinter(const Options& options, Output& out) : options_(options), out_(out) {}
  void print(const model::Record& record, const sip::MessageView& view, bool matched);
  void print_json(const model::Record& record, const sip::MessageView& view);

 private:
  const Options& options_;
  Output& out_;
};

}  // namespace siploom::cli
