// What tests of the keeper share: a store with a keeper whose clock is turned by hand.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capture/intake_header.h"
#include "pipeline/engine.h"
#include "pipeline/keeper.h"
#include "pipeline/payload_reader.h"
#include "pipeline/stored.h"
#include "pipeline/test_capture.h"
#include "support/temp_folder.h"
#include "wire/hep/encode.h"

namespace siploom::pipeline::test {

// A store with its search and a keeper; the clock is turned by hand.
struct Bench {
  siploom::test::TempFolder folder;
  std::atomic<Timestamp> now = kStart;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Search> search;
  std::unique_ptr<Keeper> keeper;
  std::atomic<bool> stop{false};
  bool disk_works = true;
  store::MakePayloadReader reader = make_payload_reader;

  Bench() { open(); }
  void open() {
    store::StoreOptions options;
    options.folder = folder.path + "/store";
    options.clock = [this] { return now.load(); };
    options.sync_data = [this](int) {
      errno = ENOSPC;
      return disk_works ? 0 : -1;
    };
    auto opened = store::Store::open(options);
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    store = std::move(*opened);
    store::SearchOptions searching;
    searching.folder = options.folder;
    searching.make_reader = reader;
    search = std::move(*store::Search::open(searching));
    KeeperOptions keeping;
    keeping.node = "here";
    keeping.clock = [this] { return now.load(); };
    keeping.stop = &stop;
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
  void take(std::vector<TestFrame> frames) {
    for (const TestFrame& frame : frames) now = std::max(now.load(), frame.time);
    TestSource source(std::move(frames));
    REQUIRE(run(source, *keeper, {}));
  }
  // What the intake would hand on: frames made by hep_frame().
  void take_hep(std::vector<TestFrame> frames) {
    class Intake final : public capture::Source {
     public:
      explicit Intake(std::vector<TestFrame> all) : frames(std::move(all)) {}
      Result<bool> next(capture::FrameBatch& batch, size_t) override {
        batch.clear();
        for (const TestFrame& from : frames) {
          capture::Frame& frame = batch.frames.emplace_back();
          frame.time = from.time;
          frame.data = from.bytes.data();
          frame.captured = frame.original = static_cast<uint32_t>(from.bytes.size());
          frame.link = capture::LinkType::HepIntake;
        }
        return !std::exchange(given, true);
      }
      capture::SourceStats stats() const override { return {}; }
      std::vector<TestFrame> frames;
      bool given = false;
    };
    for (const TestFrame& frame : frames) now = std::max(now.load(), frame.time);
    Intake source(std::move(frames));
    REQUIRE(run(source, *keeper, {}));
  }
  // Lets `seconds` go by with nothing coming in.
  void wait(int64_t seconds) {
    now = now.load() + seconds * kSecond;
    take({{now, udp_frame("\r\n")}});
  }
  std::vector<std::unique_ptr<StoredCall>> calls(bool live = false) {
    store::Question question;
    question.table = store::Table::Calls;
    const Keeper::Moment moment = keeper->moment(0);
    if (live) question.live_calls = moment.live_calls;
    store::Selection selection;
    selection.columns = call_columns();
    auto answer = search->select(moment.view, question, selection);
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

inline std::vector<TestFrame> one_call(int number = 1) {
  std::vector<TestFrame> frames;
  add_call(frames, number, kStart);
  return frames;
}

// A frame as the intake hands it on.
inline TestFrame hep_frame(Timestamp received, const hep::Packet& packet, const char* peer) {
  capture::IntakeHeader header;
  header.peer = *parse_endpoint(peer);
  TestFrame frame;
  frame.time = received;
  frame.bytes.resize(capture::kIntakeHeaderBytes);
  capture::encode_intake_header(header, frame.bytes.data());
  std::string encoded;
  REQUIRE(hep::encode(packet, {}, encoded));
  frame.bytes.insert(frame.bytes.end(), encoded.begin(), encoded.end());
  return frame;
}

}  // namespace siploom::pipeline::test
