// tcpdump filters (pcap-filter(7)) over the frames of any source.
#pragma once

#include <memory>
#include <string>

#include "capture/source.h"

namespace siploom::capture {

std::unique_ptr<Source> filtered(std::unique_ptr<Source> source, const std::string& expression);
tl::unexpected<Error> bad_expression(const std::string& expression, const std::string& why);

}  // namespace siploom::capture
