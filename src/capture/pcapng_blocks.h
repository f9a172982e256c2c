// Types of blocks in a pcapng file (draft-ietf-opsawg-pcapng 4).
#pragma once

#include <cstdint>

namespace siploom::capture {

inline constexpr uint32_t kSectionHeader = 0x0A0D0D0A;
inline constexpr uint32_t kInterfaceDescription = 1;
inline constexpr uint32_t kOldPacket = 2;
inline constexpr uint32_t kSimplePacket = 3;
inline constexpr uint32_t kNameResolution = 4;
inline constexpr uint32_t kEnhancedPacket = 6;
inline constexpr uint32_t kDecryptionSecrets = 10;

}  // namespace siploom::capture
