// HeaderId: the header fields that siploom looks at by number; every other header is found by its
// name.
#pragma once

#include <cstdint>
#include <string_view>

namespace siploom::sip {

enum class HeaderId : uint8_t {
  Other = 0,
  Via,
  From,
  To,
  CallId,
  CSeq,
  Contact,
  ContentLength,
  ContentType,
  MaxForwards,
  Route,
  RecordRoute,
  UserAgent,
  Server,
  PAssertedIdentity,
  PPreferredIdentity,
  RemotePartyId,
  Diversion,
  HistoryInfo,
  Reason,
  Warning,
  Authorization,
  ProxyAuthorization,
  WwwAuthenticate,
  ProxyAuthenticate,
  SessionId,
  PChargingVector,
  Identity,
  Expires,
  SessionExpires,
  ReferTo,
  ReferredBy,
  Replaces,
  Event,
  Subject,
  Supported,
  Require,
  Allow,
  RSeq,
  RAck,
  ContentEncoding,
  SubscriptionState,
  RetryAfter,
  Privacy,
  Accept,
  Date,
  MinSe,
  MinExpires,
  Organization,
  TargetDialog,
  ContentDisposition,
  Path,
  kCount
};

// By full or compact name (RFC 3261 7.3.3, 20; IANA), any case.
HeaderId header_id(std::string_view name);
// The name as its RFC spells it.
std::string_view header_name(HeaderId id);

}  // namespace siploom::sip
