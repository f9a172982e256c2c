#include "pipeline/keeper.h"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "capture/intake_header.h"
#include "pipeline/engine.h"
#include "pipeline/payload_reader.h"
#include "pipeline/stored.h"
#include "pipeline/test_capture.h"
#include "pipeline/upkeep.h"
#include "store/files.h"
#include "support/temp_folder.h"
#include "wire/hep/encode.h"

namespace siploom::pipeline {

namespace {

constexpr Timestamp kStart{1'790'000'000 * kSecond};

// A store with its search and a keeper; the clock is turned by hand.
struct Bench {
  siploom::test::TempFolder folder;
  Timestamp now = kStart;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Search> search;
  std::unique_ptr<Keeper> keeper;
  store::MakePayloadReader reader = make_payload_reader;

  Bench() { open(); }
  void open() {
    store::StoreOptions options;
    options.folder = folder.path + "/store";
    options.clock = [this] { return now; };
    auto opened = store::Store::open(options);
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    store = std::move(*opened);
    store::SearchOptions searching;
    searching.folder = options.folder;
    searching.make_reader = reader;
    search = std::move(*store::Search::open(searching));
    KeeperOptions keeping;
    keeping.node = "here";
    keeping.clock = [this] { return now; };
    keeper = std::make_unique<Keeper>(*store, keeping);
  }
  std::string checkpoint() const { return folder.path + "/open-calls"; }
  void close(bool graceful) {
    if (graceful) {
      REQUIRE(keeper->finish());
      REQUIRE(keeper->checkpoint(checkpoint()));
    }
    keeper.reset();
    search.reset();
    store.reset();
  }
  void take(std::vector<test::TestFrame> frames) {
    for (const test::TestFrame& frame : frames) now = std::max(now, frame.time);
    test::TestSource source(std::move(frames));
    REQUIRE(run(source, *keeper, {}));
  }
  // Lets `seconds` go by with nothing coming in.
  void wait(int64_t seconds) {
    now = now + seconds * kSecond;
    take({{now, test::udp_frame("\r\n")}});
  }
  std::vector<std::unique_ptr<StoredCall>> calls(bool live = false) {
    store::Question question;
    question.table = store::Table::Calls;
    if (live) question.live_calls = keeper->live_calls(0);
    store::Selection selection;
    selection.columns = call_columns();
    auto answer = search->select(store->view(), question, selection);
    REQUIRE(answer);
    std::vector<std::unique_ptr<StoredCall>> out;
    while (*(*answer)->next()) out.push_back(read_call((*answer)->rows()));
    return out;
  }
  uint64_t count(const std::string& filter) {
    store::Question question;
    question.filter = filter;
    const auto groups = search->group(store->view(), question, {});
    REQUIRE(groups);
    return groups->rows.empty() ? 0 : static_cast<uint64_t>(*groups->rows[0].values[0]);
  }
};

std::vector<test::TestFrame> one_call(int number = 1) {
  std::vector<test::TestFrame> frames;
  test::add_call(frames, number, kStart);
  return frames;
}

// A frame as the intake hands it on.
test::TestFrame hep_frame(Timestamp received, const hep::Packet& packet, const char* peer) {
  capture::IntakeHeader header;
  header.peer = *parse_endpoint(peer);
  test::TestFrame frame;
  frame.time = received;
  frame.bytes.resize(capture::kIntakeHeaderBytes);
  capture::encode_intake_header(header, frame.bytes.data());
  std::string encoded;
  REQUIRE(hep::encode(packet, {}, encoded));
  frame.bytes.insert(frame.bytes.end(), encoded.begin(), encoded.end());
  return frame;
}

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

TEST_CASE(
    "one message told by two agents is one message with two sightings, told twice by one is one") {
  Bench bench;
  const std::string invite = test::sip_text("INVITE sip:b@x SIP/2.0", "c1", 1, "INVITE");
  hep::Packet packet;
  packet.clear();
  packet.version = 3;
  packet.has_src = packet.has_dst = true;
  packet.src = *parse_endpoint("10.0.0.1:5060");
  packet.dst = *parse_endpoint("10.0.0.2:5060");
  packet.time = kStart;
  packet.payload = as_bytes(invite);
  packet.agent_name = "edge1";
  const auto frame_of = [&](Nanoseconds lag) {
    test::TestFrame frame = hep_frame(kStart + lag, packet, "192.0.2.9:9060");
    return frame;
  };
  std::vector<test::TestFrame> frames = {frame_of(kMillisecond)};
  packet.time = kStart + 100 * kMicrosecond;
  frames.push_back(frame_of(2 * kMillisecond));  // Kamailio's second path
  packet.agent_name = "pbx1";
  packet.time = kStart + 3600 * kSecond;  // a clock that is an hour ahead
  frames.push_back(frame_of(3 * kMillisecond));
  packet.agent_name = "edge1";
  packet.time = kStart + 500 * kMillisecond;  // T1
  frames.push_back(frame_of(501 * kMillisecond));
  bench.take({});
  {
    class Intake final : public capture::Source {
     public:
      explicit Intake(std::vector<test::TestFrame> all) : frames(std::move(all)) {}
      Result<bool> next(capture::FrameBatch& batch, size_t) override {
        batch.clear();
        for (const test::TestFrame& from : frames) {
          capture::Frame& frame = batch.frames.emplace_back();
          frame.time = from.time;
          frame.data = from.bytes.data();
          frame.captured = frame.original = static_cast<uint32_t>(from.bytes.size());
          frame.link = capture::LinkType::HepIntake;
        }
        return !std::exchange(given, true);
      }
      capture::SourceStats stats() const override { return {}; }
      std::vector<test::TestFrame> frames;
      bool given = false;
    } source(std::move(frames));
    REQUIRE(run(source, *bench.keeper, {}));
  }
  CHECK(bench.count("") == 3);
  CHECK(bench.keeper->counters().doubled == 1);
  CHECK(bench.keeper->counters().sightings == 1);
  CHECK(bench.keeper->counters().retransmissions == 1);
  const auto live = bench.calls(true);
  REQUIRE(live.size() == 1);
  CHECK(live[0]->call.messages == 2);
  CHECK(live[0]->call.copies == 1);
  const auto nodes = bench.keeper->nodes();
  REQUIRE(nodes.size() == 2);
  for (const NodeFacts& node : nodes) {
    if (node.name == "pbx1") CHECK(node.clock_offset < -3599 * kSecond);
  }
}

TEST_CASE("what retention drops is told as news") {
  Bench bench;
  bench.take(one_call());
  REQUIRE(bench.store->rotate(true));
  REQUIRE(bench.store->seal());
  bench.now = bench.now + 3600 * kSecond;
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
