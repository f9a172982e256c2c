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
  HttpOpenapiPublic,
  HepListen,
  HepSctp,
  HepTlsCertificate,
  HepTlsKey,
  HepTlsClientCa,
  HepPassword,
  HepQuarantine,
  HepReceiveBuffer,
  HepAllowedSenders,
  HepPacketsPerSecond,
  HepConnectionsMax,
  CaptureInterfaces,
  CaptureNode,
  CaptureFilter,
  RelayTo,
  RelayFilter,
  RelayKey,
  RelayCompress,
  RelayMaskBodies,
  RelaySpoolMax,
  RelayTlsCa,
  RetentionSipAge,
  RetentionMediaAge,
  RetentionEventAge,
  RetentionLogAge,
  RetentionCallAge,
  RetentionAuditAge,
  RetentionSizeMax,
  StoreSealAge,
  StoreZstdLevel,
  RetentionDiskFreeMin,
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

constexpr uint16_t kSettingCount = 54;

}  // namespace siploom::registry
