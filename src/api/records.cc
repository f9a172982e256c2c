// One record.
#include <fmt/format.h>

#include "api/detail.h"
#include "api/mask.h"
#include "api/reply.h"
#include "api/route.h"
#include "base/text.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;
using pipeline::StoredRecord;

namespace {

// Records are numbered: the one that comes first behind the number before is it, if it is there.
Result<StoredRecord> load_record(const Asked& asked) {
  const auto sequence = parse_number<uint64_t>(asked.request.param("sequence"));
  const auto missing = [&] {
    return fail(ErrorCode::NotFound, fmt::format("no record with the number {} is kept",
                                                 printable(asked.request.param("sequence"))));
  };
  if (!sequence || *sequence == 0) return missing();
  store::Question question;
  question.table = store::Table::Records;
  question.with_copies = true;
  question.scope = asked.who().scope;
  question.control = SL_TRY(asked.control());
  store::Selection selection;
  selection.columns = pipeline::record_columns();
  selection.sort = "sequence";
  selection.descending = false;
  selection.limit = 1;
  selection.cursor = fmt::format("i{0}\ti{0}", *sequence - 1);
  auto answer = SL_TRY(asked.search().select(asked.view(), question, selection));
  if (!SL_TRY(answer->next())) return missing();
  StoredRecord record = pipeline::read_record(answer->rows());
  if (record.sequence != *sequence) return missing();
  if (masks(asked)) mask_secrets(record.payload);
  return record;
}

Result<Response> get_record(Asked& asked) {
  const StoredRecord record = SL_TRY(load_record(asked));
  const bool with_payload = asked.may(Permission::PayloadRead);
  asked.audit(AuditAction::OpenMessage, std::to_string(record.sequence));
  std::string body;
  JsonWriter json(body);
  write_message(json, record, with_payload);
  return Response::json(std::move(body)).with_etag();
}

Result<Response> get_raw(Asked& asked) {
  StoredRecord record = SL_TRY(load_record(asked));
  asked.audit(AuditAction::OpenMessage, std::to_string(record.sequence));
  return Response::of("application/octet-stream", std::move(record.payload))
      .header("Content-Disposition", attachment(fmt::format("record-{}.bin", record.sequence)))
      .with_etag();
}

}  // namespace

void add_records(Routes& routes) {
  RouteInfo info{"records", "One record; of SIP with its headers", Access::Allowed,
                 Permission::CallRead};
  info.parameters = "timeout";
  info.response = "Message";
  info.searches = true;
  routes.get("/records/{sequence}", get_record, info);
  info.summary = "Its octets as they came";
  info.permission = Permission::PayloadRead;
  info.response = "application/octet-stream";
  routes.get("/records/{sequence}/raw", get_raw, info);
}

}  // namespace siploom::api
