// What systemd wants to hear of a service (sd_notify(3)): that it is up, that it is alive, what it
// is at, that it stops. Does nothing when started otherwise.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace siploom::cli {

class ServiceNotify final {
 public:
  ServiceNotify();  // reads NOTIFY_SOCKET and WATCHDOG_USEC
  void ready() const { send("READY=1"); }
  void stopping() const { send("STOPPING=1"); }
  void status(std::string_view text) const { send("STATUS=" + std::string(text)); }
  // To be called within this time; nothing: no watchdog.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }
  void alive() const { send("WATCHDOG=1"); }

 private:
  void send(const std::string& message) const;
  std::string socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace siploom::cli
