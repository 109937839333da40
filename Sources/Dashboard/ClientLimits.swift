/// What the clients of a ``LiveServer`` may take.
package struct ClientLimits: Sendable {
  /// At once; each has a thread. Further clients wait in the system's queue.
  package var connections = 64
  /// Connections that stay to hear of changes.
  package var streams = 16
  /// For a whole request to arrive.
  package var headSeconds = 5
  /// For an answer, or one piece of a stream, to leave.
  package var sendSeconds = 30

  package init() {}
}
