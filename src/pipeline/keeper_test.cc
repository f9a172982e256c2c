#include "pipeline/keeper.h"

#include "pipeline/keeper_bench.h"
#include "store/files.h"

namespace siploom::pipeline {

using test::Bench;
using test::kStart;
using test::one_call;

TEST_CASE("a call is seen while it rings and becomes a row once it is over") {
  Bench bench;
  const auto frames = one_call();
  bench.take({frames[0], frames[1]});
  CHECK(bench.calls().empty());
  auto live = bench.calls(true);
  REQUIRE(live.size() == 1);
  CHECK(live[0]->call.state == model::CallState::Ringing);
  CHECK(live[0]->open);
  bench.take({frames[2], frames[3], frames[4], frames[5]});
  CHECK(bench.calls(true).at(0)->call.state == model::CallState::Completed);
  CHECK(bench.calls().empty());
  bench.wait(40);
  bench.wait(40);
  const auto rows = bench.calls();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]->call.state == model::CallState::Completed);
  CHECK(rows[0]->call.messages == 6);
  CHECK_FALSE(rows[0]->open);
  CHECK(bench.calls(true).size() == 1);
  CHECK(bench.count("record.kind == sip") == 6);
}

TEST_CASE("a call that goes on over a restart is one call, stopped or killed") {
  for (const bool graceful : {true, false}) {
    for (const size_t cut : {1u, 2u, 3u, 4u, 5u}) {
      CAPTURE(graceful);
      CAPTURE(cut);
      Bench bench;
      const auto frames = one_call();
      bench.take({frames.begin(), frames.begin() + static_cast<int64_t>(cut)});
      if (!graceful && cut > 2) {  // a checkpoint from some time before
        REQUIRE(bench.keeper->checkpoint(bench.checkpoint()));
        bench.take({frames[cut]});
      }
      const size_t done = !graceful && cut > 2 ? cut + 1 : cut;
      bench.close(graceful);
      bench.open();
      const auto open = bench.keeper->resume(bench.checkpoint(), *bench.search);
      REQUIRE_MESSAGE(open.has_value(), (open ? "" : open.error().message));
      CHECK(*open == 1);
      bench.take({frames.begin() + static_cast<int64_t>(done), frames.end()});
      bench.wait(40);
      bench.wait(40);
      const auto rows = bench.calls();
      REQUIRE(rows.size() == 1);
      const model::Call& call = rows[0]->call;
      CHECK(call.state == model::CallState::Completed);
      CHECK(call.messages == 6);
      CHECK(call.retransmissions == 0);
      CHECK_FALSE(call.begins_before);
      CHECK(model::talk_time(call) == 2 * kSecond);
    }
  }
}

TEST_CASE("a row that was written is not written again after a restart") {
  Bench bench;
  bench.take(one_call());
  REQUIRE(bench.keeper->checkpoint(bench.checkpoint()));
  bench.wait(40);
  bench.wait(40);
  REQUIRE(bench.calls().size() == 1);
  bench.close(false);
  bench.open();
  CHECK(*bench.keeper->resume(bench.checkpoint(), *bench.search) == 0);
  bench.wait(80);
  bench.wait(80);
  CHECK(bench.calls().size() == 1);
}

TEST_CASE("a damaged checkpoint is as good as none") {
  Bench bench;
  const auto frames = one_call();
  bench.take({frames[0], frames[1], frames[2]});
  bench.close(true);
  std::string text;
  {
    const auto file = store::MappedFile::open(bench.checkpoint());
    REQUIRE(file);
    text = as_text(file->bytes());
  }
  text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 1);
  REQUIRE(store::write_atomically(bench.checkpoint(), text));
  bench.open();
  CHECK(*bench.keeper->resume(bench.checkpoint(), *bench.search) == 1);
  CHECK(bench.calls(true).at(0)->call.messages == 3);
}

}  // namespace siploom::pipeline
