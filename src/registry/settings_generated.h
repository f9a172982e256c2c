// Made by tools/gen_registry.py from settings.toml; do not edit.
#pragma once

#include <cstdint>

namespace siploom::registry {

enum class SettingId : uint16_t {
  DataFolder,
  HttpListen,
  HttpTlsCertificate,
  HttpTlsKey,
  HttpTrustedProxies,
  HttpConnectionsMax,
  HttpRequestsPerSecond,
  HttpSearchesAtOnce,
  HepListenUdp,
  HepListenTcp,
  HepListenTls,
  HepTlsCertificate,
  HepTlsKey,
  HepTlsClientCa,
  HepPassword,
  HepAllowedSenders,
  HepPacketsPerSecond,
  HepConnectionsMax,
  CaptureInterfaces,
  CaptureFilter,
  RetentionSipAge,
  RetentionRegistrationAge,
  RetentionRtcpAge,
  RetentionLogAge,
  RetentionCallAge,
  RetentionAuditAge,
  RetentionSizeMax,
  RetentionDiskFreeMin,
  MemoryIntake,
  MemoryWeave,
  MemoryQuery,
  SessionAbsolute,
  SessionIdle,
  LoginFreeFailures,
  LoginNameDelayMax,
  LoginAddressDelayMax,
  ExportMessagesMax,
  ImportSizeMax,
  MetricsHeplifyAliases,
  MetricsPublic,
  PrivacyMaskSecrets,
  LogFormat,
  LogLevel,
};

constexpr uint16_t kSettingCount = 43;

}  // namespace siploom::registry
