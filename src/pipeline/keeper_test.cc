#include "pipeline/keeper.h"

#include <atomic>
#include <cerrno>
#include <map>
#include <set>
#include <thread>

#include "pipeline/test_keeper.h"
#include "pipeline/upkeep.h"
#include "store/files.h"

namespace siploom::pipeline {

using test::Bench;
using test::kStart;
using test::one_call;

namespace {

// Reads so many messages; then whoever asked has no time any more.
class TiringReader final : public store::PayloadReader {
 public:
  TiringReader(std::atomic<int>& left, std::atomic<bool>& over) : left_(left), over_(over) {}
  const query::Subject& read(ByteSpan payload, bool datagram) override {
    if (--left_ == 0) over_ = true;
    return reader_->read(payload, datagram);
  }

 private:
  std::unique_ptr<store::PayloadReader> reader_ = make_payload_reader();
  std::atomic<int>& left_;
  std::atomic<bool>& over_;
};

}  // namespace

TEST_CASE("a search whose time is over gives the messages it has found until then, at once") {
  std::atomic<int> left{1'000'000};
  std::atomic<bool> over{false};
  Bench bench;
  bench.reader = [&] { return std::make_unique<TiringReader>(left, over); };
  bench.close(true);
  bench.open();
  std::vector<test::TestFrame> frames;
  for (int i = 0; i < 500; ++i) test::add_call(frames, i, kStart + i * kSecond);
  bench.take(std::move(frames));
  store::Question question;
  question.filter = "header[\"CSeq\"] contains \"INVITE\"";  // read off the message
  question.control.cancelled = &over;
  store::Selection selection;
  selection.columns = {"sequence", "payload"};
  selection.limit = 5000;
  const auto ask = [&](int reads) {
    left = reads;
    over = false;
    size_t rows = 0;
    auto answer = bench.search->select(bench.store->view(), question, selection);
    REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().message));
    while (*(*answer)->next()) {
      CHECK((*answer)->rows().text(1).find("INVITE") != std::string_view::npos);
      ++rows;
    }
    CHECK((*answer)->is_partial() == (reads < 3000));
    return rows;
  };
  CHECK(ask(1'000'000) == 1500);
  // Rows are asked some thousands at a time; what was found among those before is there.
  const size_t some = ask(2500);
  CHECK(some > 500);
  CHECK(some < 1300);
  CHECK(left > -64);  // no more than the few that lie between two looks
  CHECK(ask(3) == 0);
  selection.limit = 20;  // the latest of those found
  CHECK(ask(2500) == 20);
  // What cannot be handed over in part says so.
  over = true;
  CHECK(bench.search->group(bench.store->view(), question, {}).error().code ==
        ErrorCode::LimitExceeded);
}

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

namespace {

// The calls of a moment by the numbers of their first records, stored and live.
std::vector<uint64_t> calls_of(const Keeper::Moment& moment) {
  std::vector<uint64_t> out;
  const auto take = [&](const store::EntryHead* entry) {
    out.push_back(reinterpret_cast<const store::CallHead*>(entry)->first_sequence);
  };
  for (const store::View::Part& part : moment.view.parts) {
    const store::EntryList& list = part.batch->rows(store::Table::Calls);
    for (size_t i = 0; i < part.counts[static_cast<size_t>(store::Table::Calls) - 1]; ++i) {
      take(list[i]);
    }
  }
  for (const store::EntryHead* entry : moment.live_calls->rows) take(entry);
  return out;
}

}  // namespace

TEST_CASE("a call whose row was written since calls were looked at is there once") {
  constexpr Nanoseconds kForEver = INT64_MAX;
  Bench bench;
  auto frames = one_call();
  bench.take(frames);
  const Keeper::Moment before = bench.keeper->moment(kForEver);
  CHECK(before.live_calls->rows.size() == 1);
  CHECK(calls_of(before).size() == 1);
  bench.wait(40);
  bench.wait(40);
  REQUIRE(bench.keeper->counters().calls == 1);
  const Keeper::Moment after = bench.keeper->moment(kForEver);  // no new look
  CHECK(after.live_calls->rows.empty());
  CHECK(calls_of(after) == calls_of(before));
  CHECK(calls_of(before).size() == 1);  // whoever asks of that moment goes on to see it as it was
}

TEST_CASE("whoever counts calls while their rows are written counts each call once") {
  Bench bench;
  std::atomic<bool> over{false};
  std::thread writer([&] {
    for (int round = 0; round < 60; ++round) {
      std::vector<test::TestFrame> frames;
      for (int i = 0; i < 20; ++i) {
        test::add_call(frames, round * 20 + i, kStart + round * 50 * kSecond);
      }
      bench.take(std::move(frames));
      bench.wait(45);
    }
    over = true;
  });
  std::set<uint64_t> known;
  size_t doubled = 0, lost = 0, moments = 0;
  do {
    const auto calls = calls_of(bench.keeper->moment(moments++ % 3 == 0 ? 0 : INT64_MAX));
    const std::set<uint64_t> now(calls.begin(), calls.end());
    doubled += calls.size() - now.size();
    // What was looked at before may be old, but never older than what was told already.
    for (const uint64_t call : known) lost += now.count(call) == 0 ? 1 : 0;
    known = now;
  } while (!over);
  writer.join();
  CHECK(doubled == 0);
  CHECK(lost == 0);
  CHECK(calls_of(bench.keeper->moment(0)).size() == 1200);
  MESSAGE(moments << " moments");
}

TEST_CASE("how long calls took to ring and to set up is counted when their rows are written") {
  Bench bench;
  bench.take(one_call());
  const auto second = one_call(2);
  bench.take({second.begin() + 3, second.end()});  // its INVITE was not seen
  CHECK(bench.keeper->call_times().pdd.count == 0);
  bench.wait(40);
  bench.wait(40);
  CHECK(bench.calls().size() == 2);
  const CallTimes times = bench.keeper->call_times();
  CHECK(times.pdd.count == 1);
  CHECK(times.pdd.sum_s == 1);
  CHECK(times.setup.count == 1);
  CHECK(times.setup.sum_s == 2);
  for (size_t i = 0; i < TimeBuckets::kBounds.size(); ++i) {
    CAPTURE(TimeBuckets::kBounds[i]);
    CHECK(times.pdd.counts[i] == (TimeBuckets::kBounds[i] == 1 ? 1 : 0));
    CHECK(times.setup.counts[i] == (TimeBuckets::kBounds[i] == 2 ? 1 : 0));
  }
  TimeBuckets buckets;
  buckets.add(model::kNoDuration);
  buckets.add(200 * kSecond);  // beyond the last bound: in the sum alone
  CHECK(buckets.count == 1);
  for (const uint64_t count : buckets.counts) CHECK(count == 0);
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

TEST_CASE("a kill loses no more of the ledger than a second, and a restart counts nothing twice") {
  Bench bench;
  const auto sums = [&] {
    std::map<std::string, uint64_t> out;
    for (const store::View::Part& part : bench.store->view().parts) {
      const store::EntryList& rows = part.batch->rows(store::Table::Ledger);
      for (size_t i = 0; i < part.counts[3]; ++i) {
        const auto& row = *reinterpret_cast<const store::LedgerHead*>(rows[i]);
        out[std::string(row.text(store::LedgerText::Reason))] += row.count;
      }
    }
    return out;
  };
  bench.take(one_call());
  bench.keeper->note_lost({}, "kernel-buffer", 7);
  bench.wait(2);
  const std::map<std::string, uint64_t> expected = {{"kernel-buffer", 7}, {"sip", 6}};
  CHECK(sums() == expected);
  for (int kill = 0; kill < 2; ++kill) {
    bench.close(false);
    bench.open();
    REQUIRE(bench.keeper->resume(bench.checkpoint(), *bench.search));
    bench.wait(2);
    CHECK(sums() == expected);
  }
  REQUIRE(bench.store->rotate(true));
  while (*bench.store->seal()) {
  }
  uint64_t rows = 0;
  for (const store::Segment& segment : bench.store->view().manifest->segments) {
    if (segment.shelf == store::Shelf::Ledger) rows += segment.rows;
  }
  CHECK(rows == 2);
}

TEST_CASE("what a full disk did not take is written at the stop, or counted") {
  for (const bool room : {true, false}) {
    CAPTURE(room);
    Bench bench;
    const auto frames = one_call();
    bench.take({frames[0], frames[1]});
    bench.disk_works = false;
    CHECK_FALSE(bench.store->sync());
    bench.stop = true;
    bench.take({frames[2], frames[3], frames[4]});
    CHECK(bench.count("record.kind == sip") == 2);
    bench.disk_works = room;
    CHECK(bench.store->sync().has_value() == room);
    const auto finished = bench.keeper->finish();
    CHECK(finished.has_value() == room);
    CHECK(bench.count("record.kind == sip") == (room ? 5 : 2));
    if (room) continue;
    CHECK(finished.error().code == ErrorCode::LimitExceeded);
    CHECK(finished.error().message.find("4 ROWS THAT CAME IN WERE NOT WRITTEN") == 0);
    CHECK(bench.keeper->counters().unwritten == 4);  // and the ledger's
  }
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

TEST_CASE("what retention drops is told as news") {
  Bench bench;
  bench.take(one_call());
  REQUIRE(bench.store->rotate(true));
  REQUIRE(bench.store->seal());
  bench.now = bench.now.load() + 3600 * kSecond;
  UpkeepOptions options;
  for (store::ShelfLimit& limit : options.retention.shelves) limit.max_age = 60 * kSecond;
  std::mutex mutex;
  std::string heard;
  options.news = [&](std::string_view text) {
    const std::lock_guard lock(mutex);
    heard += text;
  };
  const auto upkeep = Upkeep::start(*bench.store, options);
  REQUIRE(upkeep);
  for (int i = 0; i < 1000 && (*upkeep)->counters().dropped_rows == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  (*upkeep)->stop();
  CHECK_MESSAGE(heard.find("retention dropped 1 segments of sip (6 rows, ") == 0, heard);
  CHECK(heard.find("): age") != std::string::npos);
}

}  // namespace siploom::pipeline
