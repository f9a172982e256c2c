// Relay: sends what comes in on to other collectors. Giving it a message never waits: what finds no
// room is dropped and counted. One thread asks the filter and changes messages as wanted, one more
// for each far end sends.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "capture/intake_header.h"
#include "pipeline/chunk.h"
#include "pipeline/decode_stage.h"
#include "pipeline/relay/rewriter.h"
#include "pipeline/relay/target.h"
#include "query/filter.h"

namespace siploom::pipeline::relay {

struct RelayCounters {
  uint64_t taken = 0;       // messages given to it
  uint64_t overflowed = 0;  // dropped before any far end's queue: the relay's own was full
  uint64_t filtered = 0;    // that no filter wanted
  uint64_t withheld = 0;    // their body could not be masked, or their key was wrong
  uint64_t too_large = 0;   // for HEP, once changed or encoded, or no HEP after all
  std::vector<TargetCounters> targets;

  uint64_t lost() const;  // overflowed, too large, and what each far end's queue dropped
};

class Relay final {
 public:
  // Errors name the setting: a destination, the filter, a file.
  static Result<std::unique_ptr<Relay>> start(RelayOptions options);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // All that a chunk of the engine holds: messages that the intake took as they came, what was
  // captured here encoded as HEP v3, reported by `node`. One thread at a time.
  void take(const Chunk& chunk, std::string_view node);
  // One HEP message, and who sent it.
  void take(ByteSpan message, const Endpoint& peer = {}, Timestamp received = kNoTime);
  // In bounded time, whatever waits. Nothing may follow.
  void stop();
  RelayCounters counters() const;  // any thread

 private:
  explicit Relay(RelayOptions options);
  void gather(const capture::IntakeHeader& header, Timestamp received, ByteSpan message);
  void gather_captured(const model::Record& record, std::string_view node,
                       std::string_view call_id);
  void hand_over();
  void run();
  void work(ByteSpan octets);
  bool is_wanted(const capture::IntakeHeader& header, Timestamp received, ByteSpan message);
  bool add(ByteSpan message, Timestamp received);

  RelayOptions options_;
  std::optional<query::Filter> filter_;
  Rewriter rewriter_;
  std::vector<std::unique_ptr<Target>> targets_;
  bool has_streams_ = false, has_datagrams_ = false;

  // By the thread that gives: u32 length, time of receipt, intake header, message, again and again.
  std::string gathered_;
  uint64_t gathered_messages_ = 0;
  std::string encoded_;
  hep::Packet packet_;

  // The working thread's own.
  Chunk chunk_;
  std::unique_ptr<DecodeScratch> scratch_;
  std::vector<SharedMessage> for_datagrams_, for_streams_;
  std::string out_, framed_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::string input_;  // as gathered_
  RelayCounters counters_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace siploom::pipeline::relay
