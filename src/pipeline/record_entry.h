// Makes the rows that the store keeps of messages and calls.
#pragma once

#include <string>

#include "pipeline/chunk.h"
#include "store/entry_writer.h"

namespace siploom::pipeline {

// A SIP message with its facts; sequence and flags are left to the caller. `fields` is overwritten.
void describe_message(const Message& message, store::RecordFields& fields);
// A record of another kind.
void describe_event(const Event& event, store::RecordFields& fields);
// A call with what is read off its Request-URI.
void append_call_entry(std::string& out, const model::Call& call, store::CallExtras extras);

}  // namespace siploom::pipeline
