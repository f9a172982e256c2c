// Gate: the one door to the batch, whatever the carrier. Asks the policy, the key and the rate of
// the peer, counts, and writes what is taken, its key wiped.
#pragma once

#include <string>

#include "intake/batch_writer.h"
#include "intake/source_table.h"
#include "intake/taker.h"

namespace siploom::intake {

// Where the messages that follow come from.
struct Origin {
  Endpoint peer;
  uint16_t local_port = 0;
  uint8_t flags = 0;  // kIntakeClientCertificate
  Timestamp time;     // of receipt
  Nanoseconds now = 0;
};

class Gate final : public Taker {
 public:
  Gate(const Policy& policy, const IntakeOptions& options, BatchWriter& writer);

  void begin(const Origin& origin);
  // A UDP datagram: one message, or several of HEP3 one behind the other.
  void take_datagram(ByteSpan datagram);
  // The same while the store is full: it is counted, no more.
  void shed_datagram() { count(Drop::Paused); }
  Drop take(ByteSpan message, capture::Carrier carrier) override;
  void count(Drop trouble) override;

  bool is_allowed() const { return row_->verdict.allowed; }
  // The peer has sent more than it may: it is not to be read for a while.
  bool is_in_debt();

  // The policy has changed, and this is what each peer may send now.
  void set_limits(const RateLimit& rate);

  const Totals& totals() const { return totals_; }
  const SourceTable& sources() const { return sources_; }

 private:
  bool charge(size_t octets, bool is_datagram);
  void refill();
  ByteSpan unpacked(ByteSpan message);

  const Policy& policy_;
  RateLimit rate_;
  double burst_messages_ = 0, burst_octets_ = 0;
  bool limited_ = false, quarantine_;
  BatchWriter& writer_;
  SourceTable sources_;
  Origin origin_;
  SourceRow* row_ = nullptr;
  Totals totals_;
  std::string inflated_;
};

}  // namespace siploom::intake
