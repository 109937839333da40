/// What the clients of a ``LiveServer`` may take.
package struct ClientLimits: Sendable {
  /// Requests that are answered at once; each has a thread. Further ones wait, but for `/healthz`.
  package var connections = 64
  /// Connections whose request has not come yet: they need no thread.
  package var waiting = 512
  /// Connections that stay to hear of changes.
  package var streams = 16
  /// For a whole request to arrive.
  package var headSeconds = 5
  /// For an answer, or one piece of a stream, to leave.
  package var sendSeconds = 30

  package init() {}
}
