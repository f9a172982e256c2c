#include "pipeline/collector.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/thread_name.h"
#include "pipeline/engine.h"
#include "pipeline/fan_in.h"
#include "pipeline/payload_reader.h"
#include "pipeline/relay/tap.h"
#include "wire/sip/secrets.h"

namespace siploom::pipeline {

namespace {

constexpr auto kHouseEvery = std::chrono::milliseconds(1000);
constexpr uint64_t kCheckpointRounds = 20;
constexpr auto kSealRetry = std::chrono::milliseconds(1000);
constexpr size_t kLedgerSources = 4096;
constexpr int kLastSyncs = 5;
constexpr auto kLastSyncEvery = std::chrono::milliseconds(200);

// Whether what is sent to `to` would come in here again.
bool is_here(const relay::Destination& to, const std::vector<Endpoint>& here) {
  const auto address = to.host == "localhost" ? parse_ip("127.0.0.1") : parse_ip(to.host);
  if (!address) return false;
  const bool loopback = parse_cidr("127.0.0.0/8")->contains(*address) || to.host == "::1";
  return std::any_of(here.begin(), here.end(), [&](const Endpoint& each) {
    return std::to_string(each.port) == to.port &&
           (each.address == *address || (loopback && each.address.is_unspecified()));
  });
}

}  // namespace

Result<std::unique_ptr<Collector>> Collector::start(CollectorOptions options) {
  auto collector = std::unique_ptr<Collector>(new Collector(std::move(options)));
  SL_TRY_VOID(collector->open());
  return collector;
}

Collector::~Collector() { static_cast<void>(stop()); }

void Collector::notice(std::string_view text) const {
  if (options_.notice) options_.notice(text);
}

Result<std::unique_ptr<capture::Source>> Collector::open_sources() {
  std::vector<std::unique_ptr<capture::Source>> sources;
  if (options_.take_hep) {
    auto intake = SL_TRY(intake::open_intake(options_.intake));
    intake_ = intake.get();
    sources.push_back(std::move(intake));
  }
  for (const std::string& interface : options_.interfaces) {
    capture::OpenOptions open;
    open.interface = interface;
    open.bpf = options_.bpf;
    open.drop_privileges = false;  // the store is written for as long as this runs
    open.writes_files = true;
    open.stop = &stop_;
    sources.push_back(SL_TRY(capture::open_source(open)));
  }
  if (sources.empty()) {
    return fail(ErrorCode::InvalidArgument,
                "nothing to take: HEP is switched off and no interface is named");
  }
  if (sources.size() == 1) return std::move(sources.front());
  return std::make_unique<FanIn>(std::move(sources));
}

Result<void> Collector::open() {
  options_.store.clock = options_.clock;
  store_ = SL_TRY(store::Store::open(options_.store));
  const store::Recovery& recovery = store_->recovery();
  if (recovery.rows != 0 || recovery.cut_bytes != 0) {
    notice(fmt::format("{} rows taken up again from {} logs; {} octets of a torn end were lost",
                       recovery.rows, recovery.logs, recovery.cut_bytes));
  }
  if (recovery.lost_rows != 0) {
    notice(fmt::format("{} rows of logs that were not at their end are lost", recovery.lost_rows));
  }
  for (const store::Damage& damage : recovery.damaged) {
    notice(
        fmt::format("THE LOG {} IS DAMAGED ({}); its other rows are kept, and the file in damaged/",
                    damage.path, damage.why));
  }
  store::SearchOptions search;
  search.folder = options_.store.folder;
  search.memory_bytes = options_.search_bytes;
  search.make_reader = make_payload_reader;
  search.mask = sip::mask_secrets;
  search_ = SL_TRY(store::Search::open(search));
  KeeperOptions keeping;
  keeping.weave_bytes = options_.weave_bytes;
  keeping.node = options_.node;
  keeping.clock = options_.clock;
  keeping.stop = &stop_;
  if (options_.secrets_folder.empty()) {
    options_.secrets_folder = options_.store.folder + "-secrets";
  }
  secrets_ = std::make_unique<SecretFile>(options_.secrets_folder);
  keeping.on_secret = [this](const Event& event) {
    if (auto kept = secrets_->add(event); !kept) notice(kept.error().message);
  };
  keeper_ = std::make_unique<Keeper>(*store_, keeping);
  const size_t open_calls = SL_TRY(keeper_->resume(checkpoint_path(), *search_));
  if (open_calls != 0) notice(fmt::format("{} calls that were going on are taken up", open_calls));
  source_ = SL_TRY(open_sources());
  for (const std::string& warning : source_->stats().warnings) notice(warning);
  UpkeepOptions upkeep;
  upkeep.retention = options_.retention;
  upkeep.holds = options_.holds;
  upkeep.search = search_.get();
  upkeep.seal = options_.store.seal;
  upkeep.merge = options_.merge;
  upkeep.notice = options_.notice;
  upkeep.news = options_.news;
  upkeep_ = SL_TRY(Upkeep::start(*store_, upkeep));
  SL_TRY_VOID(open_relay());
  threads_.emplace_back([this] { sync_loop(); });
  threads_.emplace_back([this] { seal_loop(); });
  threads_.emplace_back([this] { keep_house(); });
  taker_ = std::thread([this] { take(); });
  return {};
}

void Collector::take() {
  name_thread("siploom-take");
  EngineOptions engine;
  engine.threads = options_.threads;
  engine.stop = &stop_;
  std::optional<relay::Tap> tap;
  if (relay_ != nullptr) tap.emplace(*keeper_, *relay_, options_.node);
  Consumer& consumer = tap ? static_cast<Consumer&>(*tap) : *keeper_;
  const auto result = run(*source_, consumer, engine);
  if (relay_ != nullptr) {
    relay_->stop();
    note_relay_losses();
  }
  auto finished = keeper_->finish();
  {
    const std::lock_guard lock(mutex_);
    if (!result) error_ = result.error();
    if (!finished && !error_) error_ = finished.error();
    if (error_ && !stop_) notice(error_->message);
  }
  over_ = true;
  wake_.notify_all();
}

void Collector::sleep(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, time, [this] { return over_.load(); });
}

void Collector::sync_loop() {
  name_thread("siploom-sync");
  while (!over_) {
    sleep(std::chrono::milliseconds(options_.sync_every / kMillisecond));
    if (auto done = store_->sync(); !done) {
      notice(done.error().message);
      sleep(kSealRetry);
    }
  }
}

void Collector::seal_loop() {
  name_thread("siploom-seal");
  bool told = false;
  while (!over_) {
    store_->wait_for_work(std::chrono::milliseconds(200));
    const auto sealed = store_->seal();
    if (sealed) {
      told = false;
      continue;
    }
    if (!told) notice(sealed.error().message);
    told = true;
    sleep(kSealRetry);
  }
}

void Collector::keep_house() {
  name_thread("siploom-house");
  store::StoreState last = store::StoreState::Good;
  uint64_t rounds = 0;
  while (!over_) {
    sleep(kHouseEvery);
    if (auto rotated = store_->rotate(false); !rotated) notice(rotated.error().message);
    note_intake_losses();
    note_relay_losses();
    if (++rounds % kCheckpointRounds == 0) {
      if (auto done = keeper_->checkpoint(checkpoint_path()); !done) notice(done.error().message);
    }
    const store::StoreState state = store_->state();
    if (state != last) {
      const bool good = state == store::StoreState::Good;
      if (intake_ != nullptr) intake_->pause(!good);
      notice(good ? std::string("the store takes rows again")
                  : "THE STORE TAKES NOTHING: " + store_->state_text());
      last = state;
    }
  }
}

// Takes what it can name the sender of out of `rest`.
void Collector::note_losses_by_source(const std::vector<intake::SourceCounts>& sources,
                                      intake::DropCounts& rest) {
  std::map<std::array<uint8_t, 16>, intake::DropCounts> told;
  for (const intake::SourceCounts& source : sources) {
    if (source.drops == intake::DropCounts{}) continue;
    const auto before = told_sources_.find(source.address.octets);
    for (size_t i = 1; i < intake::kDrops; ++i) {
      uint64_t more = source.drops[i];
      // A source that was forgotten and came again counts from nothing.
      if (before != told_sources_.end() && before->second[i] <= more) more -= before->second[i];
      more = std::min(more, rest[i]);
      if (more == 0) continue;
      rest[i] -= more;
      keeper_->note_lost(source.address, intake::drop_name(static_cast<intake::Drop>(i)), more);
    }
    told.emplace(source.address.octets, source.drops);
  }
  told_sources_ = std::move(told);
}

void Collector::note_intake_losses() {
  if (intake_ == nullptr) return;
  const intake::Snapshot now = intake_->snapshot(kLedgerSources);
  intake::DropCounts rest{};
  for (size_t i = 1; i < intake::kDrops; ++i) rest[i] = now.totals.drops[i] - told_.drops[i];
  told_ = now.totals;
  if (rest != intake::DropCounts{}) note_losses_by_source(now.sources, rest);
  for (size_t i = 1; i < intake::kDrops; ++i) {
    if (rest[i] != 0) {
      keeper_->note_lost({}, intake::drop_name(static_cast<intake::Drop>(i)), rest[i]);
    }
  }
  uint64_t kernel = 0;
  for (const intake::SocketCounts& socket : now.udp) kernel += socket.kernel_drops;
  if (kernel > told_kernel_drops_) {
    keeper_->note_lost({}, "kernel-buffer", kernel - told_kernel_drops_);
    told_kernel_drops_ = kernel;
  }
}

Result<void> Collector::open_relay() {
  relay::RelayOptions relay = options_.relay;
  if (relay.to.empty()) return {};
  if (intake_ != nullptr) {
    for (const relay::Destination& to : relay.to) {
      if (!is_here(to, intake_->endpoints())) continue;
      return fail(
          ErrorCode::InvalidArgument,
          fmt::format("relay.to: {} is where HEP is taken here; it would go round and round",
                      to.text()));
    }
  }
  if (relay.folder.empty()) relay.folder = options_.store.folder + "/relay";
  relay.notice = options_.notice;
  relay_ = SL_TRY(relay::Relay::start(std::move(relay)));
  return {};
}

void Collector::note_relay_losses() {
  if (relay_ == nullptr) return;
  const uint64_t lost = relay_->counters().lost();
  const std::lock_guard lock(told_mutex_);
  if (lost > told_relay_losses_) {
    keeper_->note_lost({}, "relay-overflow", lost - told_relay_losses_);
    told_relay_losses_ = lost;
  }
}

Result<void> Collector::stop() {
  stop_ = true;
  if (intake_ != nullptr) intake_->wake();
  if (taker_.joinable()) taker_.join();
  over_ = true;
  wake_.notify_all();
  if (upkeep_ != nullptr) upkeep_->stop();
  if (store_ != nullptr) store_->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (store_ == nullptr) return {};
  return say_last_things();
}

// One trouble does not hide the others: what was not written, what is not on the disk for sure.
Result<void> Collector::say_last_things() {
  std::optional<Error> all;
  const auto add = [&](const Error& error) {
    if (!all) {
      all = error;
    } else if (all->message.find(error.message) == std::string::npos) {
      all->message += "; " + error.message;
    }
  };
  {
    const std::lock_guard lock(mutex_);
    if (error_) add(*error_);
  }
  auto synced = store_->sync();
  // What a failed one may have dropped the next one writes again.
  for (int i = 1; i < kLastSyncs && !synced; ++i) {
    std::this_thread::sleep_for(kLastSyncEvery);
    synced = store_->sync();
  }
  if (!synced) add(synced.error());
  if (keeper_ != nullptr) {
    if (auto done = keeper_->checkpoint(checkpoint_path()); !done) add(done.error());
  }
  if (all) return tl::unexpected<Error>(*all);
  return {};
}

Health Collector::health() const {
  Health health;
  health.flushed_sequence = store_->flushed_sequence();
  const std::lock_guard lock(mutex_);
  if (stop_) {
    health.state = "stopping";
  } else if (error_ || over_) {
    health.state = "failed";
    health.why = error_ ? error_->message : "taking has ended";
  } else {
    const store::StoreState state = store_->state();
    health.ready = state == store::StoreState::Good;
    health.state = health.ready ? "good" : state == store::StoreState::Full ? "full" : "failed";
    health.why = store_->state_text();
  }
  return health;
}

}  // namespace siploom::pipeline
