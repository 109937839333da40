/// How long to wait before something is asked for again: each time twice as long, since on a slow link it may still be under way, and every
/// further copy of it delays what is waited for.
package struct Backoff: Sendable {
  private var requests = 0

  /// Patience doubles at most so often.
  private static let most = 4

  package init() {}

  package func wait(_ timeout: Milliseconds) -> Milliseconds { timeout << requests }

  /// It has been asked for again.
  package mutating func noteRequest() { requests = min(requests + 1, Self.most) }
}
