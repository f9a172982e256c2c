// Masking: credentials and keys inside messages, hidden from whoever may not read secrets: in what
// is given, and from what is asked (store::Question::masked, pipeline::Tail::masked).
#pragma once

#include "api/asked.h"
#include "wire/sip/secrets.h"

namespace siploom::api {

using sip::mask_body;
using sip::mask_secrets;

// Whether messages are to be masked for who asks.
inline bool masks(const Asked& asked) {
  return !asked.may(admin::Permission::SecretsRead) &&
         asked.stores().settings.snapshot()->flag(registry::SettingId::PrivacyMaskSecrets);
}

}  // namespace siploom::api
