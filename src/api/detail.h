// One call with all that belongs to it, as handlers ask for it.
#pragma once

#include "api/asked.h"
#include "base/json_writer.h"
#include "pipeline/stored.h"

namespace siploom::api {

// The call that the path and `at` name, within the scope of who asks.
Result<pipeline::CallDetail> load_detail(const Asked& asked);
// Whether there is such a call that who asks may see. Error NotFound: there is none.
Result<void> check_call(const Asked& asked, const std::string& call_id);
// Masks what who asks may not see.
void mask_messages(const Asked& asked, pipeline::CallDetail& detail);

// One record with its octets: the object of pipeline::write_record(), and of SIP
// "start_line", "headers" and "defects". Without the right to read payloads these are left out.
void write_message(JsonWriter& json, const pipeline::StoredRecord& record, bool with_payload);

}  // namespace siploom::api
