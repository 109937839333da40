/// How often something is asked for again: each time after twice as long, since on a slow link it may still be under way, and every further copy
/// of it delays what is waited for.
struct Backoff: Sendable {
  private var requests = 0

  /// Patience doubles at most so often.
  private static let most = 4

  func wait(_ patience: Milliseconds) -> Milliseconds { patience << requests }

  mutating func noteRequest() { requests = min(requests + 1, Self.most) }
}
