// Made by tools/gen_registry.py from metrics.toml; do not edit.
#pragma once

#include <cstdint>

namespace siploom::registry {

enum class MetricId : uint16_t {
  SiploomInfo,
  SiploomReady,
  SiploomStartTimeSeconds,
  SiploomRecordsTotal,
  SiploomCallsTotal,
  SiploomCallsOpen,
  SiploomCallsEvictedTotal,
  SiploomDoubledTotal,
  SiploomSightingsTotal,
  SiploomRetransmissionsTotal,
  SiploomStoreWaitsTotal,
  SiploomIntakeMessagesTotal,
  SiploomIntakeBytesTotal,
  SiploomIntakeDropsTotal,
  SiploomIntakeKernelDropsTotal,
  SiploomIntakeConnections,
  SiploomIntakePaused,
  SiploomNodes,
  SiploomNodeRecordsTotal,
  SiploomNodeLastSeenSeconds,
  SiploomNodeClockOffsetSeconds,
  SiploomNodeClockAbsurdTotal,
  SiploomStoreSegments,
  SiploomStoreRows,
  SiploomStoreBytes,
  SiploomStoreUnsealedRows,
  SiploomStoreMemoryBytes,
  SiploomStoreDiskFreeBytes,
  SiploomHttpRequestsTotal,
  SiploomHttpResponsesTotal,
  SiploomHttpConnections,
  SiploomHttpStreams,
  SiploomHttpSentBytesTotal,
  SiploomHttpBusyTotal,
  SiploomHttpRequestDurationSeconds,
  SiploomApiThrottledTotal,
  SiploomApiSearches,
  SiploomApiStreams,
  SiploomApiEventsDroppedTotal,
  SiploomLoginAttemptsTotal,
  SiploomLoginFailuresTotal,
  SiploomLoginThrottledTotal,
  SiploomAuditEventsTotal,
  SiploomAuditLostTotal,
  SiploomAuditQueued,
  HeplifyPacketsTotal,
};

constexpr uint16_t kMetricCount = 46;

}  // namespace siploom::registry
