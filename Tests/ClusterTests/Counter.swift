import Synchronization

/// A number that several threads of a test change.
final class Counter: Sendable {
  private let state: Mutex<Int>

  init(_ value: Int) { state = Mutex(value) }

  var value: Int { state.withLock { $0 } }

  func add(_ step: Int) { state.withLock { $0 += step } }
}
