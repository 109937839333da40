/// An exponential backoff of repeated requests.
///
/// On a slow link the answer may still be under way, and each further copy of it delays the rest.
package struct Backoff: Sendable {
  private var requests = 0

  private static let maxDoublings = 4

  package init() {}

  /// Returns the time to wait before the next request: the timeout, doubled for each request so far.
  package func wait(_ timeout: Milliseconds) -> Milliseconds { timeout << requests }

  package mutating func noteRequest() { requests = min(requests + 1, Self.maxDoublings) }
}
