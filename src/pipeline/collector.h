// Collector: everything that runs when siploom serves: what comes in (network intake, interfaces)
// through the engine into the store, and the store's upkeep. Owns the threads of all that.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "intake/intake.h"
#include "pipeline/keeper.h"
#include "pipeline/relay/relay.h"
#include "pipeline/secret_file.h"
#include "pipeline/upkeep.h"
#include "store/search.h"
#include "store/store.h"

namespace siploom::pipeline {

struct CollectorOptions {
  store::StoreOptions store;
  intake::IntakeOptions intake;
  bool take_hep = true;
  std::vector<std::string> interfaces;  // captured here, too
  std::string bpf;
  std::string node;  // what is captured here is said to be seen by
  size_t weave_bytes = size_t{192} << 20;
  uint64_t search_bytes = uint64_t{384} << 20;
  unsigned threads = 2;
  relay::RelayOptions relay;  // notice is set here, and a folder where there is none
  Nanoseconds sync_every = 250 * kMillisecond;
  store::RetentionPolicy retention;
  std::function<Result<std::vector<store::Hold>>()> holds;  // what retention must not take
  bool merge = true;
  std::string secrets_folder;  // of TLS secrets that agents send; empty: the store's + "-secrets"
  std::function<Timestamp()> clock;
  // For the operator; any thread, must not block. News: nothing is wrong.
  std::function<void(std::string_view)> notice, news;
};

// What a load balancer or a person asks first.
struct Health {
  bool ready = false;  // takes and keeps what comes
  std::string state;   // "good", "full", "failed", "stopping"
  std::string why;     // and what to do
  uint64_t flushed_sequence = 0;
};

class Collector final {
 public:
  static Result<std::unique_ptr<Collector>> start(CollectorOptions options);
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // Takes what has come in, writes what is open, seals nothing: the log has it. Any thread, once.
  // Error: what could not be kept, in numbers (a full disk), and why.
  Result<void> stop();
  // Set once taking has ended, by stop() or by a failure (then Health tells).
  bool is_over() const { return over_; }

  store::Store& store() { return *store_; }
  store::Search& search() { return *search_; }
  Keeper& keeper() { return *keeper_; }
  SecretFile& secrets() { return *secrets_; }
  Upkeep& upkeep() { return *upkeep_; }
  intake::Intake* intake() { return intake_; }                // null: HEP is not taken
  const relay::Relay* relay() const { return relay_.get(); }  // null: nothing is relayed
  const CollectorOptions& options() const { return options_; }
  Health health() const;

 private:
  explicit Collector(CollectorOptions options) : options_(std::move(options)) {}
  Result<void> open();
  Result<std::unique_ptr<capture::Source>> open_sources();
  void take();
  void sync_loop();
  void seal_loop();
  void keep_house();
  void note_intake_losses();
  void note_losses_by_source(const std::vector<intake::SourceCounts>& sources,
                             intake::DropCounts& rest);
  Result<void> say_last_things();
  Result<void> open_relay();
  void note_relay_losses();
  std::string checkpoint_path() const { return options_.store.folder + "/open-calls"; }
  void notice(std::string_view text) const;
  void sleep(std::chrono::milliseconds time);

  CollectorOptions options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Search> search_;
  std::unique_ptr<SecretFile> secrets_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<Upkeep> upkeep_;
  std::unique_ptr<relay::Relay> relay_;
  std::unique_ptr<capture::Source> source_;
  intake::Intake* intake_ = nullptr;  // part of source_
  std::atomic<bool> stop_{false}, over_{false};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<Error> error_;
  // Losses that the ledger has; by source of those that were seen lately.
  intake::Totals told_;
  std::map<std::array<uint8_t, 16>, intake::DropCounts> told_sources_;
  uint64_t told_kernel_drops_ = 0;
  std::mutex told_mutex_;
  uint64_t told_relay_losses_ = 0;
  std::vector<std::thread> threads_;
  std::thread taker_;
};

}  // namespace siploom::pipeline
