internal import Coordination

/// The timeouts and limits of a cluster that the user may set, with their defaults; times in milliseconds.
package struct ClusterLimits: Sendable, Equatable {
  /// The interval between heartbeats of coordinator and workers.
  package var heartbeat: Int = Limits().heartbeat
  /// The time after which a silent worker is declared lost.
  package var workerTimeout: Int = Limits().workerTimeout
  /// The time after which an unacknowledged result is sent again.
  package var retryInterval: Int = Limits().retryInterval
  /// The time after which a missing part of a gradient is requested again.
  package var resendTimeout: Int = Limits().resendTimeout
  /// The number of failures of a task before it may be quarantined.
  package var maxFailures: Int = Limits().maxFailures
  /// The fraction of the time of a training that is spent on computing gradients of other members again.
  package var checkedFraction = Limits().checkedFraction

  package init() {}
}

extension Limits {
  /// Creates the limits of the state machines.
  init(_ limits: ClusterLimits) {
    self.init()
    (heartbeat, workerTimeout, retryInterval) = (limits.heartbeat, limits.workerTimeout, limits.retryInterval)
    (resendTimeout, maxFailures) = (limits.resendTimeout, limits.maxFailures)
    checkedFraction = limits.checkedFraction
  }
}
