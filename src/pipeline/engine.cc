#include "pipeline/engine.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "pipeline/flow_stage.h"

namespace siploom::pipeline {

namespace {

// Chunks in flight: enough that nobody waits for one slow chunk, few enough to stay in the caches.
constexpr size_t kChunksPerThread = 3;

class Engine {
 public:
  Engine(capture::Source& source, Consumer& consumer, const EngineOptions& options)
      : source_(source), consumer_(consumer), options_(options), shards_(consumer.shard_count()) {}

  Result<EngineResult> run();

 private:
  enum class State : uint8_t { Reading, Decoded, Ready };
  struct Slot {
    Chunk chunk;
    State state = State::Reading;
    size_t shards_done = 0;
  };
  struct Shard {
    uint64_t next_chunk = 0;
    bool busy = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  void work();
  bool try_consume(Lock& lock);
  bool try_flow(Lock& lock, DecodeScratch& scratch);
  bool try_read(Lock& lock, DecodeScratch& scratch);
  bool is_over() const { return at_end_ && slots_.empty(); }
  Slot* slot_of(uint64_t index) {
    const uint64_t first = slots_.empty() ? next_index_ : slots_.front()->chunk.index;
    return index < first || index - first >= slots_.size() ? nullptr : slots_[index - first].get();
  }
  void retire_done();
  bool should_stop() const {
    return (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) ||
           consumer_.is_satisfied();
  }

  capture::Source& source_;
  Consumer& consumer_;
  const EngineOptions& options_;
  FlowStage flows_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Slot>> slots_;  // in order of chunk index
  std::vector<std::unique_ptr<Slot>> spare_;
  std::vector<Shard> shards_;
  uint64_t next_index_ = 0;
  uint64_t next_flow_ = 0;
  uint64_t bytes_read_ = 0;
  bool reading_ = false, in_flow_ = false, at_end_ = false, stopped_ = false;
  std::optional<Error> error_;
  EngineResult result_;
};

bool Engine::try_consume(Lock& lock) {
  for (size_t i = 0; i < shards_.size(); ++i) {
    Shard& shard = shards_[i];
    if (shard.busy) continue;
    Slot* slot = slot_of(shard.next_chunk);
    if (slot == nullptr || slot->state != State::Ready) continue;
    shard.busy = true;
    lock.unlock();
    consumer_.consume(i, slot->chunk);
    lock.lock();
    shard.busy = false;
    ++shard.next_chunk;
    ++slot->shards_done;
    retire_done();
    changed_.notify_all();
    return true;
  }
  return false;
}

void Engine::retire_done() {
  while (!slots_.empty() && slots_.front()->shards_done == shards_.size()) {
    std::unique_ptr<Slot> slot = std::move(slots_.front());
    slots_.pop_front();
    result_.counters.add(slot->chunk.counters);
    const capture::FrameBatch& batch = slot->chunk.batch;
    const uint64_t done = batch.first_number + batch.frames.size();
    slot->chunk.reset();
    slot->shards_done = 0;
    spare_.push_back(std::move(slot));
    if (!reading_) source_.release_before(done);
  }
}

bool Engine::try_flow(Lock& lock, DecodeScratch& scratch) {
  Slot* slot = slot_of(next_flow_);
  if (in_flow_ || slot == nullptr || slot->state != State::Decoded) return false;
  in_flow_ = true;
  const bool last = at_end_ && next_flow_ + 1 == next_index_;
  lock.unlock();
  Chunk& chunk = slot->chunk;
  flows_.run(chunk, consumer_, scratch);
  if (last) flows_.finish(chunk, consumer_, scratch);
  lock.lock();
  in_flow_ = false;
  ++next_flow_;
  lock.unlock();
  changed_.notify_all();
  index_messages(chunk.from_flows, consumer_, scratch);
  merge_flow_messages(chunk);
  consumer_.prepare(chunk);
  lock.lock();
  slot->state = State::Ready;
  changed_.notify_all();
  return true;
}

bool Engine::try_read(Lock& lock, DecodeScratch& scratch) {
  const size_t most = kChunksPerThread * std::max(1u, options_.threads);
  if (reading_ || at_end_ || slots_.size() >= most) return false;
  reading_ = true;
  std::unique_ptr<Slot> fresh;
  if (spare_.empty()) {
    fresh = std::make_unique<Slot>();
  } else {
    fresh = std::move(spare_.back());
    spare_.pop_back();
  }
  Slot* slot = fresh.get();
  slot->state = State::Reading;
  lock.unlock();
  const bool stop = should_stop();
  Result<bool> more = stop ? source_.rest(slot->chunk.batch)
                           : source_.next(slot->chunk.batch, options_.chunk_bytes);
  lock.lock();
  reading_ = false;
  if (!more) error_ = more.error();
  if (stop) stopped_ = true;
  // The end is an empty chunk of its own, in which the flow stage gives what was pending.
  if (!more || !*more) {
    at_end_ = true;
    slot->chunk.batch.clear();
  }
  slot->chunk.index = next_index_++;
  bytes_read_ += slot->chunk.batch.file_bytes;
  slots_.push_back(std::move(fresh));
  if (options_.on_progress) options_.on_progress(bytes_read_);
  lock.unlock();
  changed_.notify_all();
  decode_chunk(slot->chunk, options_.decode, consumer_, scratch);
  lock.lock();
  slot->state = State::Decoded;
  changed_.notify_all();
  return true;
}

void Engine::work() {
  const auto scratch = std::make_unique<DecodeScratch>();
  Lock lock(mutex_);
  while (!is_over()) {
    if (try_consume(lock) || try_flow(lock, *scratch) || try_read(lock, *scratch)) continue;
    if (is_over()) break;
    changed_.wait(lock);
  }
  changed_.notify_all();
}

Result<EngineResult> Engine::run() {
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < options_.threads; ++i) {
    helpers.emplace_back([this] { work(); });
  }
  work();
  helpers.clear();
  result_.tcp = flows_.tcp();
  result_.fragments = flows_.fragments();
  result_.stopped = stopped_;
  if (error_) return tl::unexpected<Error>(*error_);
  return result_;
}

}  // namespace

Result<EngineResult> run(capture::Source& source, Consumer& consumer,
                         const EngineOptions& options) {
  return Engine(source, consumer, options).run();
}

}  // namespace siploom::pipeline
