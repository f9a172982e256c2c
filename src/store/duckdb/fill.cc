#include "store/duckdb/fill.h"

#include <array>

#include "model/call.h"
#include "model/record.h"

namespace siploom::store {

namespace {

const RecordHead& record(const EntryHead& e) { return reinterpret_cast<const RecordHead&>(e); }
const CallHead& call(const EntryHead& e) { return reinterpret_cast<const CallHead&>(e); }
const StreamHead& stream(const EntryHead& e) { return reinterpret_cast<const StreamHead&>(e); }
const LedgerHead& ledger(const EntryHead& e) { return reinterpret_cast<const LedgerHead&>(e); }

template <RecordText kText>
void record_text(VectorSink& sink, size_t row, const EntryHead& e) {
  sink.text(row, record(e).text(kText), (record(e).flags & kPlain) != 0);
}
template <CallText kText>
void call_text(VectorSink& sink, size_t row, const EntryHead& e) {
  sink.text(row, call(e).text(kText));
}
template <CallText kText>
void call_list(VectorSink& sink, size_t row, const EntryHead& e) {
  sink.list(row, call(e).text(kText));
}
template <CallTime kTime>
void call_time(VectorSink& sink, size_t row, const EntryHead& e) {
  sink.time(row, call(e).time(kTime).ns);
}
template <RecordFlag kFlag>
void record_flag(VectorSink& sink, size_t row, const EntryHead& e) {
  sink.number<bool>(row, (record(e).flags & kFlag) != 0);
}

// From one event of a call to another, in ns; NULL when one is not known.
void span_of(VectorSink& sink, size_t row, Timestamp from, Timestamp to) {
  if (is_known(from) && is_known(to) && to >= from) {
    sink.number<int64_t>(row, to - from);
  } else {
    sink.null(row);
  }
}
void optional_number(VectorSink& sink, size_t row, uint16_t value) {
  if (value == 0) {
    sink.null(row);
  } else {
    sink.number<uint16_t>(row, value);
  }
}

using enum ColumnType;
using S = VectorSink;
using E = EntryHead;

constexpr auto kRecords = std::to_array<FillColumn>({
    {{"time", Time, "When the capture point saw it"},
     [](S& s, size_t i, const E& e) { s.time(i, record(e).time_ns); }},
    {{"received", Time, "When it came in here"},
     [](S& s, size_t i, const E& e) { s.time(i, record(e).received_ns); }},
    {{"sequence", UInt64, "Order of coming in; names the record"},
     [](S& s, size_t i, const E& e) { s.number<uint64_t>(i, record(e).sequence); }},
    {{"kind", Text, "What it is: sip, rtcp-report, log ..."},
     [](S& s, size_t i, const E& e) {
       s.text(i, model::record_kind_name(static_cast<model::RecordKind>(e.kind)), true);
     }},
    {{"node", Text, "Agent that saw it"}, record_text<RecordText::Node>},
    {{"agent_id", UInt32, "The agent's number (HEP chunk 0x0c)"},
     [](S& s, size_t i, const E& e) { s.number<uint32_t>(i, record(e).agent_id); }},
    {{"transport", Text, "How it was carried"},
     [](S& s, size_t i, const E& e) {
       s.text(i, transport_name(static_cast<Transport>(e.transport)), true);
     }},
    {{"src_ip", Text, "Source address"},
     [](S& s, size_t i, const E& e) { s.address(i, record(e).src); }},
    {{"src_port", UInt16, "Source port"},
     [](S& s, size_t i, const E& e) { s.number<uint16_t>(i, record(e).src_port); }},
    {{"dst_ip", Text, "Destination address"},
     [](S& s, size_t i, const E& e) { s.address(i, record(e).dst); }},
    {{"dst_port", UInt16, "Destination port"},
     [](S& s, size_t i, const E& e) { s.number<uint16_t>(i, record(e).dst_port); }},
    {{"call_id", Text, "Primary id: the Call-ID; of other kinds the id that ties records of it"},
     record_text<RecordText::CallId>},
    {{"hep_correlation_id", Text, "HEP chunk 0x11"}, record_text<RecordText::CorrelationId>},
    {{"extra_ids", TextList, "Ids of other kinds of record it belongs to"},
     [](S& s, size_t i, const E& e) { s.list(i, record(e).text(RecordText::ExtraIds)); }},
    {{"method", Text, "SIP method (of a response: that of its CSeq); event of other kinds"},
     record_text<RecordText::Method>},
    {{"status", UInt16, "Status of a response"},
     [](S& s, size_t i, const E& e) { optional_number(s, i, record(e).status); }},
    {{"reason", Text, "Reason phrase of a response"}, record_text<RecordText::Reason>},
    {{"cseq", UInt32, "CSeq number"},
     [](S& s, size_t i, const E& e) { s.number<uint32_t>(i, record(e).cseq); }},
    {{"from_user", Text, "User part of From"}, record_text<RecordText::FromUser>},
    {{"from_host", Text, "Host of From"}, record_text<RecordText::FromHost>},
    {{"to_user", Text, "User part of To"}, record_text<RecordText::ToUser>},
    {{"to_host", Text, "Host of To"}, record_text<RecordText::ToHost>},
    {{"ruri_user", Text, "User part of the Request-URI"}, record_text<RecordText::RuriUser>},
    {{"ruri_host", Text, "Host of the Request-URI"}, record_text<RecordText::RuriHost>},
    {{"user_agent", Text, "User-Agent or Server"}, record_text<RecordText::UserAgent>},
    {{"summary", Text, "What it says, in a line (kinds other than SIP)"},
     record_text<RecordText::Summary>},
    {{"retransmission", Bool, "Sent again"}, record_flag<kRetransmission>},
    {{"copy", Bool, "The same packet as seen at another place"}, record_flag<kCopy>},
    {{"malformed", Bool, "Has a defect"}, record_flag<kMalformed>},
    {{"datagram", Bool, "Came in a datagram of its own"}, record_flag<kDatagram>},
    {{"quirks", UInt32, "What had to be healed of its HEP packet, a bit each"},
     [](S& s, size_t i, const E& e) { s.number<uint32_t>(i, record(e).quirks); }},
    {{"chunks", Text, "What else its agent told, as JSON"}, record_text<RecordText::Chunks>},
    {{"size", UInt32, "Octets of the payload"},
     [](S& s, size_t i, const E& e) { s.number<uint32_t>(i, record(e).payload_size); }},
    {{"payload", Blob, "As it came, byte for byte"},
     [](S& s, size_t i, const E& e) { s.blob(i, record(e).payload()); }},
});

constexpr auto kCalls = std::to_array<FillColumn>({
    {{"start", Time, "First message"}, call_time<CallTime::Start>},
    {{"call_id", Text, "Call-ID of its first leg"}, call_text<CallText::CallId>},
    {{"version", UInt64, "Of rows with the same call_id and start the highest holds"},
     [](S& s, size_t i, const E& e) { s.number<uint64_t>(i, call(e).version); }},
    {{"received", Time, "When the row was written"},
     [](S& s, size_t i, const E& e) { s.time(i, call(e).received_ns); }},
    {{"open", Bool, "Not over when the row was written"},
     [](S& s, size_t i, const E& e) { s.number<bool>(i, call(e).open != 0); }},
    {{"kind", Text, "What it is: call, registration, subscription ..."},
     [](S& s, size_t i, const E& e) {
       s.text(i, model::kind_name(static_cast<model::CallKind>(e.kind)));
     }},
    {{"state", Text, "What became of it"},
     [](S& s, size_t i, const E& e) {
       s.text(i, model::state_name(static_cast<model::CallState>(call(e).state)));
     }},
    {{"hangup_by", Text, "Who ended it"},
     [](S& s, size_t i, const E& e) {
       s.text(i, model::hangup_name(static_cast<model::HangupBy>(call(e).hangup_by)));
     }},
    {{"transport", Text, "How its first request was carried"},
     [](S& s, size_t i, const E& e) {
       s.text(i, transport_name(static_cast<Transport>(e.transport)));
     }},
    {{"method", Text, "Method of its first request"}, call_text<CallText::Method>},
    {{"status", UInt16, "Its final status"},
     [](S& s, size_t i, const E& e) { optional_number(s, i, call(e).status); }},
    {{"reason", Text, "Phrase of that"}, call_text<CallText::Reason>},
    {{"reason_cause", UInt16, "Cause of a Reason header"},
     [](S& s, size_t i, const E& e) { optional_number(s, i, call(e).cause); }},
    {{"cause_protocol", Text, "Its protocol"}, call_text<CallText::CauseProtocol>},
    {{"cause_text", Text, "Its text"}, call_text<CallText::CauseText>},
    {{"src_ip", Text, "Source of its first request"},
     [](S& s, size_t i, const E& e) { s.address(i, call(e).src); }},
    {{"src_port", UInt16, "Source port"},
     [](S& s, size_t i, const E& e) { s.number<uint16_t>(i, call(e).src_port); }},
    {{"dst_ip", Text, "Destination of its first request"},
     [](S& s, size_t i, const E& e) { s.address(i, call(e).dst); }},
    {{"dst_port", UInt16, "Destination port"},
     [](S& s, size_t i, const E& e) { s.number<uint16_t>(i, call(e).dst_port); }},
    {{"request_uri", Text, "Request-URI"}, call_text<CallText::RequestUri>},
    {{"ruri_user", Text, "Its user part"}, call_text<CallText::RuriUser>},
    {{"ruri_host", Text, "Its host"}, call_text<CallText::RuriHost>},
    {{"from_user", Text, "User part of From"}, call_text<CallText::FromUser>},
    {{"from_host", Text, "Host of From"}, call_text<CallText::FromHost>},
    {{"from_display", Text, "Display name of From"}, call_text<CallText::FromDisplay>},
    {{"to_user", Text, "User part of To"}, call_text<CallText::ToUser>},
    {{"to_host", Text, "Host of To"}, call_text<CallText::ToHost>},
    {{"to_display", Text, "Display name of To"}, call_text<CallText::ToDisplay>},
    {{"invite", Time, "First request"}, call_time<CallTime::Invite>},
    {{"trying", Time, "First 100"}, call_time<CallTime::Trying>},
    {{"ringing", Time, "First 180 or 183"}, call_time<CallTime::Ringing>},
    {{"progress", Time, "First answer of any kind but 100"}, call_time<CallTime::Progress>},
    {{"answer", Time, "First 2xx to INVITE"}, call_time<CallTime::Answer>},
    {{"confirmed", Time, "Its ACK"}, call_time<CallTime::Confirmed>},
    {{"cancel", Time, "CANCEL"}, call_time<CallTime::Cancel>},
    {{"bye", Time, "BYE"}, call_time<CallTime::Bye>},
    {{"final_response", Time, "Final response"}, call_time<CallTime::FinalResponse>},
    {{"last", Time, "Last message"}, call_time<CallTime::Last>},
    {{"end", Time, "When it was over"}, call_time<CallTime::End>},
    {{"duration", Int64, "Talk time in ns: 2xx to the end"},
     [](S& s, size_t i, const E& e) {
       span_of(s, i, call(e).time(CallTime::Answer), call(e).time(CallTime::End));
     }},
    {{"total", Int64, "First to last message, in ns"},
     [](S& s, size_t i, const E& e) {
       span_of(s, i, call(e).time(CallTime::Start), call(e).time(CallTime::Last));
     }},
    {{"pdd", Int64, "Post-dial delay in ns (RFC 6076 4.3)"},
     [](S& s, size_t i, const E& e) {
       span_of(s, i, call(e).time(CallTime::Invite), call(e).time(CallTime::Progress));
     }},
    {{"setup", Int64, "INVITE to 2xx, in ns"},
     [](S& s, size_t i, const E& e) {
       span_of(s, i, call(e).time(CallTime::Invite), call(e).time(CallTime::Answer));
     }},
    {{"ring", Int64, "180 to 2xx, or to the end, in ns"},
     [](S& s, size_t i, const E& e) {
       const Timestamp answer = call(e).time(CallTime::Answer);
       span_of(s, i, call(e).time(CallTime::Ringing),
               is_known(answer) ? answer : call(e).time(CallTime::End));
     }},
    {{"messages", UInt32, "Messages, retransmissions counted"},
     [](S& s, size_t i, const E& e) { s.number<uint32_t>(i, call(e).messages); }},
    {{"retransmissions", UInt32, "Of these, sent again"},
     [](S& s, size_t i, const E& e) { s.number<uint32_t>(i, call(e).retransmissions); }},
    {{"copies", UInt32, "Seen again at another place"},
     [](S& s, size_t i, const E& e) { s.number<uint32_t>(i, call(e).copies); }},
    {{"malformed", UInt32, "With a defect"},
     [](S& s, size_t i, const E& e) { s.number<uint32_t>(i, call(e).malformed); }},
    {{"first_sequence", UInt64, "Number of its first record"},
     [](S& s, size_t i, const E& e) { s.number<uint64_t>(i, call(e).first_sequence); }},
    {{"last_sequence", UInt64, "Number of its last record"},
     [](S& s, size_t i, const E& e) { s.number<uint64_t>(i, call(e).last_sequence); }},
    {{"expires", UInt32, "Granted, in s"},
     [](S& s, size_t i, const E& e) {
       if (call(e).expires_s == 0) {
         s.null(i);
       } else {
         s.number<uint32_t>(i, call(e).expires_s);
       }
     }},
    {{"forks", UInt16, "Early and confirmed dialogs"},
     [](S& s, size_t i, const E& e) { s.number<uint16_t>(i, call(e).forks); }},
    {{"partial", Bool, "Its beginning was not captured"},
     [](S& s, size_t i, const E& e) { s.number<bool>(i, call(e).partial != 0); }},
    {{"user_agent", TextList, "User-Agent and Server values"}, call_list<CallText::UserAgents>},
    {{"codec", TextList, "Codecs of the last answer"}, call_list<CallText::Codecs>},
    {{"offered", TextList, "Codecs of the first offer"}, call_list<CallText::Offered>},
    {{"correlation_ids", TextList, "Ids that tie it to records of other kinds"},
     call_list<CallText::CorrelationIds>},
    {{"nodes", TextList, "Agents that saw it"}, call_list<CallText::Nodes>},
    {{"legs", Text, "Legs and their forks, as JSON"}, call_text<CallText::Legs>},
    {{"media", Text, "Announced media endpoints, as JSON"}, call_text<CallText::Media>},
});

constexpr auto kStreams = std::to_array<FillColumn>({
    {{"first", Time, "First packet"},
     [](S& s, size_t i, const E& e) { s.time(i, stream(e).first_ns); }},
    {{"last", Time, "Last packet"},
     [](S& s, size_t i, const E& e) { s.time(i, stream(e).last_ns); }},
    {{"received", Time, "When the row was written"},
     [](S& s, size_t i, const E& e) { s.time(i, stream(e).received_ns); }},
    {{"call_id", Text, "Call-ID of the call that announced it"},
     [](S& s, size_t i, const E& e) { s.text(i, stream(e).text(StreamText::CallId)); }},
    {{"node", Text, "Where it was measured"},
     [](S& s, size_t i, const E& e) { s.text(i, stream(e).text(StreamText::Node)); }},
    {{"src_ip", Text, "Source address"},
     [](S& s, size_t i, const E& e) { s.address(i, stream(e).src); }},
    {{"src_port", UInt16, "Source port"},
     [](S& s, size_t i, const E& e) { s.number<uint16_t>(i, stream(e).src_port); }},
    {{"dst_ip", Text, "Destination address"},
     [](S& s, size_t i, const E& e) { s.address(i, stream(e).dst); }},
    {{"dst_port", UInt16, "Destination port"},
     [](S& s, size_t i, const E& e) { s.number<uint16_t>(i, stream(e).dst_port); }},
    {{"ssrc", UInt32, "SSRC"},
     [](S& s, size_t i, const E& e) { s.number<uint32_t>(i, stream(e).ssrc); }},
    {{"payload_type", UInt16, "RTP payload type"},
     [](S& s, size_t i, const E& e) { s.number<uint16_t>(i, stream(e).payload_type); }},
    {{"codec", Text, "Its name, as announced"},
     [](S& s, size_t i, const E& e) { s.text(i, stream(e).text(StreamText::Codec)); }},
    {{"announced", Bool, "An SDP named it"},
     [](S& s, size_t i, const E& e) { s.number<bool>(i, stream(e).announced != 0); }},
    {{"packets", UInt64, "Packets, copies not counted"},
     [](S& s, size_t i, const E& e) { s.number<uint64_t>(i, stream(e).packets); }},
    {{"expected", UInt64, "Packets by the sequence numbers"},
     [](S& s, size_t i, const E& e) { s.number<uint64_t>(i, stream(e).expected); }},
    {{"bytes", UInt64, "RTP payload octets"},
     [](S& s, size_t i, const E& e) { s.number<uint64_t>(i, stream(e).bytes); }},
    {{"duplicates", UInt64, "Same sequence number again"},
     [](S& s, size_t i, const E& e) { s.number<uint64_t>(i, stream(e).duplicates); }},
    {{"copies", UInt64, "Seen by a second tap"},
     [](S& s, size_t i, const E& e) { s.number<uint64_t>(i, stream(e).copies); }},
});

constexpr std::array<std::string_view, 3> kFates = {"stored", "filtered", "lost"};

constexpr auto kLedger = std::to_array<FillColumn>({
    {{"minute", Time, "Minute by our clock"},
     [](S& s, size_t i, const E& e) { s.time(i, ledger(e).minute_ns); }},
    {{"source", Text, "Address that sent it here"},
     [](S& s, size_t i, const E& e) { s.address(i, ledger(e).source); }},
    {{"node", Text, "Agent"},
     [](S& s, size_t i, const E& e) { s.text(i, ledger(e).text(LedgerText::Node)); }},
    {{"fate", Text, "stored, filtered or lost"},
     [](S& s, size_t i, const E& e) { s.text(i, kFates[e.kind % kFates.size()]); }},
    {{"reason", Text, "Why, or what it was"},
     [](S& s, size_t i, const E& e) { s.text(i, ledger(e).text(LedgerText::Reason)); }},
    {{"count", UInt64, "Messages"},
     [](S& s, size_t i, const E& e) { s.number<uint64_t>(i, ledger(e).count); }},
    {{"bytes", UInt64, "Octets"},
     [](S& s, size_t i, const E& e) { s.number<uint64_t>(i, ledger(e).bytes); }},
});

template <size_t N>
std::vector<ColumnInfo> infos(const std::array<FillColumn, N>& columns) {
  std::vector<ColumnInfo> out;
  for (const FillColumn& column : columns) out.push_back(column.info);
  return out;
}

}  // namespace

std::span<const FillColumn> fill_columns(Table table) {
  switch (table) {
    case Table::Calls:
      return kCalls;
    case Table::Streams:
      return kStreams;
    case Table::Ledger:
      return kLedger;
    case Table::Records:
      break;
  }
  return kRecords;
}

std::span<const ColumnInfo> columns(Table table) {
  static const std::vector<ColumnInfo> records = infos(kRecords), calls = infos(kCalls),
                                       streams = infos(kStreams), ledgers = infos(kLedger);
  switch (table) {
    case Table::Calls:
      return calls;
    case Table::Streams:
      return streams;
    case Table::Ledger:
      return ledgers;
    case Table::Records:
      break;
  }
  return records;
}

}  // namespace siploom::store
