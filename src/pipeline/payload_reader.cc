#include "pipeline/payload_reader.h"

#include <optional>

#include "pipeline/message_subject.h"

namespace siploom::pipeline {

namespace {

class SipReader final : public store::PayloadReader {
 public:
  const query::Subject& read(ByteSpan payload, bool datagram) override {
    record_.payload = payload;
    record_.transport = datagram ? Transport::Udp : Transport::Tcp;
    view_.parse(payload, datagram);
    subject_.emplace(record_, view_);
    return *subject_;
  }

 private:
  model::Record record_;
  sip::MessageView view_;
  std::optional<MessageSubject> subject_;
};

}  // namespace

std::unique_ptr<store::PayloadReader> make_payload_reader() {
  return std::make_unique<SipReader>();
}

}  // namespace siploom::pipeline
