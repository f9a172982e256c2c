#include "intake/block_pool.h"

#include "intake/batch_writer.h"
#include "intake/test_support.h"

using namespace siploom;
using namespace siploom::intake;

TEST_CASE("pool: a block comes back when the last owner lets go, on any thread, and outlives it") {
  auto pool = std::make_unique<BlockPool>();
  std::shared_ptr<uint8_t[]> block = pool->take();
  const uint8_t* address = block.get();
  std::jthread([kept = std::move(block)]() mutable { kept.reset(); }).join();
  CHECK(pool->spare_count() == 1);
  std::shared_ptr<uint8_t[]> again = pool->take();
  CHECK(again.get() == address);
  CHECK(pool->spare_count() == 0);
  pool.reset();
  again[0] = 1;
}

TEST_CASE("pool: it keeps a few blocks, not all that were ever needed") {
  BlockPool pool;
  std::vector<std::shared_ptr<uint8_t[]>> many;
  for (size_t i = 0; i < BlockPool::kMaxSpare + 10; ++i) many.push_back(pool.take());
  many.clear();
  CHECK(pool.spare_count() == BlockPool::kMaxSpare);
}

TEST_CASE("writer: batches released by other threads while the next are filled") {
  BatchWriter writer;
  const std::string message(3'000, 'm');
  std::vector<std::jthread> readers;  // which are joined before the message goes
  for (int round = 0; round < 200; ++round) {
    auto batch = std::make_unique<capture::FrameBatch>();
    writer.start(*batch, 384 * 1024);
    while (!writer.is_full()) {
      const auto octets = writer.add({}, as_bytes(message), {round});
      octets[0] = static_cast<uint8_t>(round);
    }
    CHECK(batch->first_number + batch->frames.size() == writer.frames() + 1);
    readers.emplace_back([batch = std::move(batch), round, &message] {
      for (const capture::Frame& frame : batch->frames) {
        if (frame.captured != message.size() + capture::kIntakeHeaderBytes ||
            frame.data[capture::kIntakeHeaderBytes] != static_cast<uint8_t>(round)) {
          std::abort();
        }
      }
    });
    if (readers.size() > 4) readers.erase(readers.begin());
  }
}
