#include "api/schemas.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/asked.h"
#include "base/check.h"
#include "base/text.h"
#include "store/table.h"

namespace siploom::api {

namespace {

constexpr auto kSchemas = std::to_array<SchemaInfo>({
    {"Problem",
     "What went wrong and what to do (RFC 9457); position, length: the octets of the request's "
     "filter that are not understood",
     "type:s title:s status:i ~detail:s ~position:i ~length:i ~retry_after_s:i"},
    {"Login", "", "name:s password:s"},
    {"SetupRequest", "token: as the server printed it", "token:s name:s password:s"},
    {"AuthState", "", "setup_needed:b logged_in:b version:s"},
    {"Me", "csrf: to be sent as X-CSRF-Token; null without a session",
     "user_id:i name:s display_name:s role:s scope:s proof:s permissions:s[] preferences:o "
     "csrf:s?"},
    {"PasswordChange", "password: the one in force", "password:s new_password:s"},
    {"Preferences", "Whatever an interface keeps for a user", "o"},
    {"Session", "",
     "id:i user_id:i user:s address:s user_agent:s created:t? last_seen:t? expires:t? current:b"},
    {"SessionPage", "", "rows:Session[] next:s?"},
    {"User", "",
     "id:i name:s display_name:s role:s scope:s enabled:b source:s created:t? last_login:t? "
     "password_changed:t?"},
    {"UserPage", "", "rows:User[] next:s?"},
    {"NewUser", "scope: filter over what the user sees",
     "name:s password:s ~display_name:s ~role:s ~scope:s"},
    {"UserChange", "", "~name:s ~display_name:s ~role:s ~scope:s ~enabled:b ~password:s"},
    {"RoleInfo", "", "name:s scope:s permissions:s[]"},
    {"RoleList", "", "rows:RoleInfo[]"},
    {"RoleChange", "", "scope:s"},
    {"Token", "",
     "id:i owner_id:i owner:s name:s hint:s role:s scope:s created:t? expires:t? last_used:t?"},
    {"TokenPage", "", "rows:Token[] next:s?"},
    {"NewToken", "", "name:s ~role:s ~scope:s ~expires:t"},
    {"MadeToken", "secret: shown this once",
     "id:i owner_id:i owner:s name:s hint:s role:s scope:s created:t? expires:t? last_used:t? "
     "secret:s"},
    {"AuditRow", "detail: a JSON object as text, as it went into the hash",
     "seq:i time:t? user_id:i? token_id:i? user:s address:s action:s object:s detail:s result:s "
     "hash:s"},
    {"AuditPage", "", "rows:AuditRow[] next:s?"},
    {"AuditHead", "To be kept elsewhere: who has it finds a log that was rewritten whole",
     "seq:i hash:s"},
    {"AuditVerdict", "", "intact:b checked:i broken_at:i? what:s? head:AuditHead"},
    {"Setting", "",
     "key:s type:s value:s origin:s where:s? default:s min:s? max:s? choices:s[] unit:s? help:s "
     "flag:s environment:s restart:b stored:b secret:b"},
    {"SettingList", "", "rows:Setting[]"},
    {"SettingValue", "", "value:s"},
    {"Alias", "", "id:i block:s port:i? agent:i? name:s note:s"},
    {"AliasPage", "", "rows:Alias[] next:s?"},
    {"NewAlias", "block: 10.0.0.1 or 10.0.0.0/8", "block:s name:s ~port:i? ~agent:i? ~note:s"},
    {"AliasDuplicate", "", "line:i first_line:i name:s kept_name:s"},
    {"AliasImport", "",
     "added:i replaced:i unchanged:i switched_off:i duplicate_count:i duplicates:AliasDuplicate[]"},
    {"SavedSearch", "",
     "id:i owner_id:i owner:s name:s kind:s filter:s time_range:s columns:s sort:s shared:b note:s "
     "changed:t?"},
    {"SavedSearchPage", "", "rows:SavedSearch[] next:s?"},
    {"NewSavedSearch", "",
     "name:s ~kind:s ~filter:s ~time_range:s ~columns:s ~sort:s ~shared:b ~note:s"},
    {"Note", "", "id:i call_id:s start:t? text:s author_id:i? author:s time:t?"},
    {"NotePage", "", "rows:Note[] next:s?"},
    {"NewNote", "start: of the call", "text:s ~start:t"},
    {"NoteChange", "", "text:s"},
    {"Hold", "",
     "id:i call_ids:s[] filter:s since:t? until:t? reason:s set_by:s set_at:t? removed_by:s? "
     "removed_at:t?"},
    {"HoldPage", "", "rows:Hold[] next:s?"},
    {"NewHold", "call_ids or a filter over calls",
     "reason:s ~call_ids:s[] ~filter:s ~since:t ~until:t"},
    {"Field", "A field of the registry",
     "name:s type:s scope:s[] multiple:b unit:s? rfc:s? help:s example:s? aliases:s[] choices:s[] "
     "default_column:b facet:b"},
    {"FieldList", "", "rows:Field[]"},
    {"FilterCheck", "text: the filter written out, with all brackets",
     "ok:b text:s? error:s? position:i? length:i?"},
    {"Suggestion", "kind: field, operator, value or keyword", "kind:s text:s help:s?"},
    {"Completion", "A suggestion takes the place of the octets from begin to end",
     "begin:i end:i rows:Suggestion[]"},
    {"Range", "null: open", "from:t? to:t?"},
    {"Lost", "What the ledger says was lost within the range", "messages:i by_reason:o"},
    {"Party", "", "user:s? host:s? display:s?"},
    {"Cause", "Reason header (RFC 3326)", "protocol:s? code:i text:s?"},
    {"Call", "As `siploom calls --json` (docs/json.md), with what only kept calls have",
     "call_id:s? call_ids:s[] kind:@call.kind state:@call.state method:s? status:i? reason:s? "
     "from:Party to:Party request_uri:s? src:s dst:s transport:s start:t? trying_s:n? "
     "ringing_s:n? answer_s:n? end_s:n? pdd_s:n? setup_s:n? duration_s:n? hangup_by:s? messages:i "
     "retransmissions:i user_agents:s[] codecs:s[] offered:s[] ring_s:n? total_s:n? cause:Cause? "
     "partial:b copies:i malformed:i media:s[] open:b nodes:s[] correlation_ids:s[] expires_s:i?"},
    {"CallColumns", "With columns=: what was asked for", "=calls"},
    {"CallRow", "", "Call|CallColumns"},
    {"CallPage",
     "partial: a limit ended the search, as reason says; lost: null for who has a scope",
     "rows:CallRow[] next:s? range:Range took_ms:i lost:Lost? partial:b reason:s?"},
    {"RecordRow", "What columns= asked for, or the usual ones", "=records"},
    {"RecordPage", "",
     "rows:RecordRow[] next:s? range:Range took_ms:i lost:Lost? partial:b "
     "reason:s?"},
    {"StreamRow", "", "=streams"},
    {"StreamPage", "",
     "rows:StreamRow[] next:s? range:Range took_ms:i lost:Lost? partial:b "
     "reason:s?"},
    {"LedgerRow", "", "=ledger"},
    {"LedgerPage", "", "rows:LedgerRow[] next:s? took_ms:i lost:Lost? partial:b reason:s?"},
    {"Record", "A record without its octets; method: of SIP, of other kinds the event",
     "sequence:i time:t received:t kind:@record.kind node:s? agent_id:i transport:s src:s dst:s "
     "call_id:s? correlation_id:s? extra_ids:s[] method:s? status:i? summary:s? retransmission:b "
     "copy:b malformed:b quirks:s[] chunks:o size:i"},
    {"Header", "", "name:s value:s"},
    {"Message", "A record with its octets: payload, or payload_base64 when they are no UTF-8",
     "sequence:i time:t received:t kind:@record.kind node:s? agent_id:i transport:s src:s dst:s "
     "call_id:s? correlation_id:s? extra_ids:s[] method:s? status:i? summary:s? retransmission:b "
     "copy:b malformed:b quirks:s[] chunks:o size:i ~start_line:s ~headers:Header[] "
     "~defects:s[] ~payload:s ~payload_base64:s"},
    {"MessageList", "", "rows:Message[] partial:b"},
    {"Fork", "", "to_tag:s? answered_by:s status:i?"},
    {"Leg", "", "call_id:s from_tag:s? forks:Fork[]"},
    {"CallNote", "", "id:i text:s author:s time:t?"},
    {"Sighting", "", "node:s? messages:i"},
    {"CallDetail", "tied: records of other kinds that belong to it",
     "call:Call summary:s legs:Leg[] messages:Record[] tied:Record[] streams:StreamRow[] "
     "notes:CallNote[] held:b sightings:Sighting[] partial:b"},
    {"Lane", "", "key:s title:s"},
    {"Repeated", "", "time:t? sequence:i"},
    {"SdpSummary", "", "media:s address:s direction:s codecs:s[]"},
    {"Arrow", "from, to: indices of lanes; repeated: what was sent again",
     "sequence:i from:i to:i time:t? since_start_s:n label:s method:s status:i? call_id:s "
     "transport:s node:s? repeated:Repeated[] sdp:SdpSummary[] defects:s[]"},
    {"Ladder", "", "lanes:Lane[] arrows:Arrow[] events:Record[] start:t? partial:b"},
    {"FacetValue", "value null: the field is absent", "value:s? count:i"},
    {"Facet", "others: values that are not shown", "field:s values:FacetValue[] others:i"},
    {"Facets", "", "facets:Facet[] range:Range took_ms:i partial:b reason:s?"},
    {"Group", "keys in the order of by, values in that of measures",
     "~bucket:t? keys:a[] values:a[]"},
    {"Groups", "",
     "by:s[] measures:s[] bucket_s:n rows:Group[] others:i range:Range took_ms:i lost:Lost? "
     "partial:b reason:s?"},
    {"ExportRequest", "format: pcap, pcapng, text, jsonl or csv; table: calls or records",
     "~filter:s ~table:s ~from:s ~to:s ~format:s"},
    {"Job", "state: waiting, running, done, failed or cancelled",
     "id:i kind:s name:s owner:s state:s error:s? made:t? began:t? ended:t? bytes:i bytes_read:i "
     "records:i calls:i"},
    {"JobList", "", "rows:Job[]"},
    {"Node", "clock_offset_s: how far its clock is behind ours, network delay included",
     "name:s agent_id:i address:s first_seen:t? last_seen:t? last_time:t? records:i sip:i octets:i "
     "doubled:i sightings:i rate:n clock_offset_s:n lag_max_s:n clock_absurd:i quirks:s[]"},
    {"NodeList", "", "rows:Node[]"},
    {"NodeFate", "", "fate:s reason:s? count:i"},
    {"NodeDetail", "", "name:s seen:Node[] ledger:NodeFate[]"},
    {"IntakeConnections", "",
     "now:i accepted:i over_cap:i timed_out:i bytes:i tls_handshakes:i tls_handshake_failures:i"},
    {"IntakeSocket", "", "local:s datagrams:i kernel_drops:i receive_buffer_bytes:i"},
    {"IntakeSource", "",
     "address:s messages:i octets:i quarantined:i first_seen:t? last_seen:t? drops:o"},
    {"Intake", "Without an intake there is enabled: false alone",
     "enabled:b listen:s[] ~paused:b ~messages:i ~octets:i ~quarantined:i ~drops:o "
     "~connections:IntakeConnections ~sockets:IntakeSocket[] ~sources_known:i "
     "~sources:IntakeSource[]"},
    {"Shelf", "", "shelf:s segments:i rows:i bytes:i first:t? last:t? kept_since:t?"},
    {"Damage", "", "path:s why:s rows:i"},
    {"Dropped",
     "reason: age, shelf-size, store-size, free-space or released; held_rows: of the rows, kept on",
     "when:t? reason:s shelf:s segments:i rows:i bytes:i held_rows:i received_first:t? "
     "received_last:t?"},
    {"StoreState", "",
     "state:s why:s? flushed_sequence:i unsealed_rows:i memory_bytes:i log_bytes:i disk_bytes:i "
     "disk_free_bytes:i "
     "shelves:Shelf[] dropped:Dropped[] damaged:Damage[]"},
    {"RelayTarget", "Messages; queued: in memory, spooled: on disk",
     "to:s connected:b sent:i queued:i spooled:i lost:i last_error:s? last_error_at:t?"},
    {"Health", "relay_overflowed: messages lost before they were in the queue of any target",
     "ready:b state:s why:s? flushed_sequence:i? version:s started:t? open_calls:i? audit_lost:i "
     "audit_queued:i streams_open:i searches_running:i relay:RelayTarget[] relay_overflowed:i"},
    {"SqlRequest", "", "sql:s ~limit:i"},
    {"SqlColumn", "", "name:s type:s"},
    {"SqlAnswer", "rows: a list of values each",
     "columns:SqlColumn[] rows:a[] took_ms:i partial:b reason:s?"},
    {"SecretDay", "", "day:s bytes:i"},
    {"SecretDays", "", "rows:SecretDay[]"},
});

// Those of JSON Schema; `nullable` adds null.
void type_field(JsonWriter& json, std::string_view type, bool nullable) {
  json.key("type");
  if (!nullable) return json.value(type);
  json.begin_array();
  json.value(type);
  json.value("null");
  json.end_array();
}

void write_choices(JsonWriter& json, std::string_view field, bool nullable) {
  const registry::FieldInfo* info = registry::find_field(field);
  SL_CHECK(info != nullptr);
  json.begin_object();
  type_field(json, "string", nullable);
  json.key("enum");
  json.begin_array();
  for (const std::string_view choice : words_of(info->choices)) json.value(choice);
  if (nullable) json.null();
  json.end_array();
  json.end_object();
}

void write_plain(JsonWriter& json, std::string_view type, bool nullable) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTypeLetters = {
      {{"s", "string"},
       {"i", "integer"},
       {"n", "number"},
       {"b", "boolean"},
       {"t", "string"},
       {"o", "object"}}};
  json.begin_object();
  for (const auto& [letter, name] : kTypeLetters) {
    if (letter == type) type_field(json, name, nullable);
  }
  if (type == "t") json.field("format", "date-time");
  json.end_object();
}

void write_type(JsonWriter& json, std::string_view type) {
  const bool nullable = type.ends_with('?');
  if (nullable) type.remove_suffix(1);
  if (type.ends_with("[]")) {
    json.begin_object();
    type_field(json, "array", nullable);
    json.key("items");
    write_type(json, type.substr(0, type.size() - 2));
    json.end_object();
  } else if (type.starts_with('@')) {
    write_choices(json, type.substr(1), nullable);
  } else if (type.size() == 1) {
    write_plain(json, type, nullable);
  } else if (!nullable) {
    write_reference(json, type);
  } else {
    json.begin_object();
    json.key("anyOf");
    json.begin_array();
    write_reference(json, type);
    json.begin_object();
    json.field("type", "null");
    json.end_object();
    json.end_array();
    json.end_object();
  }
}

std::string_view column_type(store::ColumnType type) {
  using store::ColumnType;
  switch (type) {
    case ColumnType::Bool:
      return "boolean";
    case ColumnType::UInt16:
    case ColumnType::UInt32:
    case ColumnType::UInt64:
    case ColumnType::Int64:
      return "number";
    case ColumnType::TextList:
      return "array";
    default:
      return "string";
  }
}

std::string_view field_type(const registry::FieldInfo& field) {
  using registry::Type;
  switch (field.type) {
    case Type::Number:
    case Type::Duration:
      return "number";
    case Type::Bool:
      return "boolean";
    default:
      return "string";
  }
}

void write_property(JsonWriter& json, std::string_view name, std::string_view type, bool list,
                    std::string_view help) {
  json.key(name);
  json.begin_object();
  json.key("type");
  json.begin_array();
  json.value(type);
  if (list) json.value("array");
  json.value("null");
  json.end_array();
  json.field("description", help);
  json.end_object();
}

// What can be asked for as a column: those of the table, and the registry's fields.
void write_columns(JsonWriter& json, std::string_view table_name) {
  store::Table table{};
  SL_CHECK(store::parse_table(table_name, table));
  json.field("type", "object");
  json.key("properties");
  json.begin_object();
  for (const store::ColumnInfo& column : store::columns(table)) {
    write_property(json, column.name, column_type(column.type), false, column.help);
  }
  const bool calls = table == store::Table::Calls;
  if (calls || table == store::Table::Records) {
    const auto known = store::columns(table);
    for (const registry::FieldInfo& field : registry::fields()) {
      const bool column = std::any_of(known.begin(), known.end(),
                                      [&](const auto& each) { return each.name == field.name; });
      if (column) continue;
      write_property(json, field.name, field_type(field), field.multiple, field.help);
    }
  }
  json.end_object();
}

void write_members(JsonWriter& json, std::string_view members) {
  json.field("type", "object");
  json.key("properties");
  json.begin_object();
  std::vector<std::string_view> required;
  for (const std::string_view member : words_of(members)) {
    const Halves halves = split_once(member, ':');
    const bool optional = halves.before.starts_with('~');
    const std::string_view name = halves.before.substr(optional ? 1 : 0);
    if (!optional) required.push_back(name);
    json.key(name);
    write_type(json, halves.after);
  }
  json.end_object();
  if (required.empty()) return;
  json.key("required");
  json.begin_array();
  for (const std::string_view name : required) json.value(name);
  json.end_array();
}

}  // namespace

std::span<const SchemaInfo> schemas() { return kSchemas; }

bool is_schema(std::string_view name) {
  return std::any_of(kSchemas.begin(), kSchemas.end(),
                     [&](const SchemaInfo& schema) { return schema.name == name; });
}

void write_reference(JsonWriter& json, std::string_view name) {
  json.begin_object();
  json.field("$ref", fmt::format("#/components/schemas/{}", name));
  json.end_object();
}

void write_schema(JsonWriter& json, const SchemaInfo& schema) {
  json.begin_object();
  if (!schema.help.empty()) json.field("description", schema.help);
  if (schema.members == "o") {
    json.field("type", "object");
  } else if (schema.members.starts_with('=')) {
    write_columns(json, schema.members.substr(1));
  } else if (schema.members.find('|') != std::string_view::npos) {
    json.key("anyOf");
    json.begin_array();
    for (const std::string_view name : words_of(schema.members, '|')) write_reference(json, name);
    json.end_array();
  } else {
    write_members(json, schema.members);
  }
  json.end_object();
}

}  // namespace siploom::api
