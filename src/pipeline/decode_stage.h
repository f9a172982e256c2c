// First stage: frames to datagrams to messages and RTP packets. Looks at each frame alone, so any
// thread can do any chunk.
#pragma once

#include <string>

#include "pipeline/chunk.h"
#include "pipeline/consumer.h"
#include "wire/hep/packet.h"
#include "wire/report/report.h"
#include "wire/sip/message.h"

namespace siploom::pipeline {

struct DecodeOptions {
  Timestamp from = kNoTime;  // frames before or at and after these are passed over
  Timestamp to = kNoTime;
};

// What one thread needs for itself.
struct DecodeScratch {
  sip::MessageView view;
  std::string inflated;
  hep::Packet hep;
  report::Description description;
  report::Scratch report;
};

// Where classified datagrams go, and in what circumstances they came.
struct Context {
  Chunk& chunk;
  std::vector<Message>& messages;
  DecodeScratch& scratch;
  bool wants_rtp = false;
  size_t shard_count = 1;
  const Finder* literal = nullptr;  // datagrams without it are of no use
  bool wants_records = false;
};

void decode_chunk(Chunk& chunk, const DecodeOptions& options, const Consumer& consumer,
                  DecodeScratch& scratch);
// Says what a UDP payload (or what a HEP packet carries) is, and keeps it if it is of use.
void classify_datagram(const Context& context, model::Record record, int depth = 0);
// Adds a record that is known to hold a SIP message.
void add_message(const Context& context, const model::Record& record);
// Reads facts and hashes of messages that just came in; sets their shard.
void index_messages(std::vector<Message>& messages, const Consumer& consumer,
                    DecodeScratch& scratch);

}  // namespace siploom::pipeline
