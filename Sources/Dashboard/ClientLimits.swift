/// Limits on the resources that the clients of a ``LiveServer`` can use.
package struct ClientLimits: Sendable {
  /// Maximum number of requests answered concurrently, each on its own thread. Further requests wait, except
  /// `/healthz`.
  package var connections = 64
  /// Maximum number of connections whose request has not arrived yet; they need no thread.
  package var waiting = 512
  /// Maximum number of open event streams.
  package var streams = 16
  /// Timeout for a complete request to arrive.
  package var headSeconds = 5
  /// Timeout for sending a response, or one piece of a stream.
  package var sendSeconds = 30

  package init() {}
}
