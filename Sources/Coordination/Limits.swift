/// Points in time and durations, in milliseconds. The state machines read no clock: callers pass the time.
package typealias Milliseconds = Int

/// The session of a worker process: a random number that the process chooses when it starts.
package typealias WorkerID = UInt64

/// Timeouts and limits of the cluster. The command line sets most of them.
package struct Limits: Sendable, Equatable {
  /// The interval at which both sides repeat their state if it has not changed.
  package var heartbeat: Milliseconds = 500
  /// The time after which a silent worker is declared lost, or the connection of a silent coordinator is abandoned.
  package var workerTimeout: Milliseconds = 10_000
  /// The time after which an unacknowledged result or checkpoint is sent again.
  package var retryInterval: Milliseconds = 3_000
  /// The number of failures of a task before it may be quarantined.
  package var maxFailures = 3
  /// The number of chunks in a worker's queue, so that the worker does not wait for the next one.
  package var queueLength = 2
  /// The computing time that a worker's queue covers at least. Chunks that take less than this need a longer queue.
  var minimumQueueTime: Milliseconds = 20

  /// The longest time that a chunk should take, once the speed of the worker is known.
  var chunkTarget: Milliseconds = 1_000

  /// The time after which a member of a training group requests a missing message again.
  package var resendTimeout: Milliseconds = 300

  /// The fraction of the time of a training that is spent on computing gradients of other members again, to find
  /// members that compute wrongly: 0 for none, 1 for all gradients.
  package var checkedFraction = 0.01

  package init() {}
}
