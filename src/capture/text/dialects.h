// The dialects. What each looks like is told at its class or in its file.
#pragma once

#include <memory>

#include "capture/text/dialect.h"

namespace siploom::capture::dump {

std::unique_ptr<Dialect> make_tcpdump();  // tcpdump -A, -x, -X, -xx, -XX, -v; tshark's like
std::unique_ptr<Dialect>
make_tshark();  // tshark -V, -O sip; "export packet dissections as plain text"
std::unique_ptr<Dialect> make_hex_dump();  // tshark -x, text2pcap, hexdump -C, xxd, od -Ax -tx1
std::unique_ptr<Dialect>
make_arrow();  // "A -> B" headings: ngrep, sipgrep, sngrep, HOMER, OpenSIPS, baresip
std::unique_ptr<Dialect> make_asterisk();    // chan_sip "sip debug", PJSIP logger
std::unique_ptr<Dialect> make_freeswitch();  // sofia siptrace
std::unique_ptr<Dialect> make_cisco();       // IOS "debug ccsip messages"
std::unique_ptr<Dialect> make_sipp();        // SIPp -trace_msg
std::unique_ptr<Dialect> make_pjsua();       // pjsua / PJSIP library logs
std::unique_ptr<Dialect> make_sipdump();     // Kamailio's sipdump module
std::unique_ptr<Dialect> make_hepipe();      // "seconds;microseconds;id;ip;port;ip;port;payload"
std::unique_ptr<Dialect> make_honeypot();    // "Source: ..., Datetime: ..., Message:"
std::unique_ptr<Dialect>
make_bare();  // SIP messages with or without some unknown log's line before them

}  // namespace siploom::capture::dump
