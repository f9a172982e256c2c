// Headings of the form "[protocol] [time] A -> B", which many programs write above a packet:
//
//   U 2026/01/02 12:34:56.789012 10.0.0.1:5060 -> 10.0.0.2:5060 #1          ngrep -t; also U(17), T
//   ... [AP] U +0.000123 10.0.0.1:5060 -> 10.0.0.2:5060                              ngrep -T
//   2026/01/02 12:34:56.789012 10.0.0.1:5060 -> 10.0.0.2:5060               sngrep
//   proto:UDP 2026-01-02T12:34:56.789Z  10.0.0.1:5060 ---> 10.0.0.2:5060    HOMER
//   1559123758.904466 UDP/SIP 10.0.0.1:5060 -> 10.0.0.2:5060                OpenSIPS trace
//   UDP 10.0.0.1:5060 -> 10.0.0.2:5060                                      baresip
#pragma once

#include <optional>

#include "capture/text/dialect.h"

namespace siploom::capture::dump {

struct ArrowHeading {
  TimeText time;
  Transport transport = Transport::Unknown;
  Party src, dst;
  bool is_fragment = false;  // ngrep: "+id@offset:size" behind addresses without ports
  bool is_sure = false;      // protocol or time stand there too
  std::string_view rest;     // of the line
};

std::optional<ArrowHeading> parse_arrow_heading(std::string_view line);

}  // namespace siploom::capture::dump
