// SipRenderer: the text of a message of a Plan. The same step gives the same octets, whenever it is
// rendered.
#pragma once

#include <string_view>

#include "simulate/plan.h"
#include "simulate/text_buffer.h"

namespace siploom::simulate {

class SipRenderer final {
 public:
  // Lives until the next call.
  std::string_view render(const Plan& plan, const Step& step);

 private:
  struct Scene;
  void start_line(const Scene& scene);
  void vias(const Scene& scene);
  void via(const Scene& scene, size_t position);
  void routes(const Scene& scene);
  void parties(const Scene& scene);
  void contact(const Scene& scene);
  void challenge(const Scene& scene);
  void credentials(const Scene& scene);
  void session_headers(const Scene& scene);
  void invite_headers(const Scene& scene);
  void event_headers(const Scene& scene);
  void refer_headers(const Scene& scene);
  void failure_headers(const Scene& scene);
  void capabilities(const Scene& scene);
  void content(const Scene& scene);

  TextBuffer out_, body_;
};

void append_call_id(TextBuffer& out, const Plan& plan, uint8_t leg);
// "sip:..." where a node is reached, as its Contact says.
void append_contact_uri(TextBuffer& out, const Plan& plan, const Node& node, Transport transport);
void append_host_of(TextBuffer& out, const Plan& plan, const Node& node);
std::string_view domain_name(uint8_t domain);
std::string_view reason_phrase(uint16_t status);

constexpr uint8_t kDomains = 3;
constexpr uint8_t kNoDomain = 0xFF;  // URIs name addresses, as on trunks

}  // namespace siploom::simulate
