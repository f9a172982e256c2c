// VoIP traffic that somebody pasted as text - tcpdump, ngrep, tshark, Asterisk, FreeSWITCH, Cisco
// ... - read as frames.
//
// Every dialect is known by its content. Where the text holds the octets (hex dumps) frames are
// those octets; else a raw IP frame with UDP or TCP header is made around the text of each message,
// with checksums and, for TCP, sequence numbers that a reassembler can follow. docs of each
// dialect: dialects.h; times and addresses that the text does not tell: clock.h and addresses.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "capture/source.h"

namespace siploom::capture {

// Whether a file that begins with `head` (its first 64 KiB or less) is a text dump. False for
// binary and for prose.
bool looks_like_text_dump(std::string_view head);

// Reads `text`, which it shares; `name` is for warnings. Fails when nothing in it can be read as
// traffic.
Result<std::unique_ptr<Source>> open_text(std::string name,
                                          std::shared_ptr<const std::string> text);

}  // namespace siploom::capture
