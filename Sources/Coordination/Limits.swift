/// Points in time and spans, in milliseconds. The state machines never look at a clock: they are told.
package typealias Milliseconds = Int

/// Session of a worker process: a random number that it draws when it starts.
package typealias WorkerID = UInt64

/// How patient the cluster is. All of it can be set on the command line.
package struct Limits: Sendable, Equatable {
  /// How often each side tells the other how things stand, though nothing has changed.
  package var heartbeat: Milliseconds = 500
  /// After so long without a word, the other side is given up.
  package var workerTimeout: Milliseconds = 10_000
  /// A result or checkpoint that is still asked for is sent again after so long.
  package var retryInterval: Milliseconds = 3_000
  /// A chunk that so many workers have died of is set aside.
  package var maxFailures = 3
  /// Chunks that a worker has in hand, so that it need not wait for the next one.
  package var queueLength = 2
  /// Of chunks that are done in no time, it has so many more that they take so long together, one millisecond at least for each.
  package var minimumQueueTime: Milliseconds = 20

  /// A chunk is cut so that it takes no longer, once it is known how fast the worker is.
  package var chunkTarget: Milliseconds = 1_000

  /// A member of a training group asks again for what another one should have sent so long ago.
  package var resendTimeout: Milliseconds = 300

  /// Workers that train a network together spend so much of the time on computing gradients again that others have computed, to find out who
  /// computes wrongly: 0 for none; 1 for all gradients.
  package var checkedFraction = 0.01

  package init() {}
}
