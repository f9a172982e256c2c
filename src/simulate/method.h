// The SIP methods that the simulator speaks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace siploom::simulate {

enum class Method : uint8_t {
  Invite,
  Ack,
  Bye,
  Cancel,
  Register,
  Options,
  Subscribe,
  Notify,
  Refer,
  Message,
  Info,
  Prack,
  Update,
  Publish
};
constexpr size_t kMethods = 14;

constexpr std::string_view method_name(Method method) {
  constexpr std::string_view kNames[kMethods] = {
      "INVITE", "ACK",   "BYE",     "CANCEL", "REGISTER", "OPTIONS", "SUBSCRIBE",
      "NOTIFY", "REFER", "MESSAGE", "INFO",   "PRACK",    "UPDATE",  "PUBLISH"};
  return kNames[static_cast<size_t>(method)];
}

}  // namespace siploom::simulate
