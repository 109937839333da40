internal import CInstructions
internal import Foundation
internal import Synchronization

/// A fixed number of threads that run one call at a time: the caller is thread 0, and the others wait between calls.
///
/// Kernels run only on thread teams, so they never block Swift's cooperative pool. The assignment of indices to threads
/// never changes a result, because each index of a loop writes its own slice. Calls must not nest, and must come from
/// one thread at a time.
package final class ThreadTeam: Sendable {
  /// The number of threads, including the caller's.
  package let count: Int
  private let shared: Shared

  /// - Parameter count: at least 1. If the system refuses so many threads, the team is smaller, and leaves some for the
  ///   rest of the program.
  package init(threads count: Int) {
    precondition(count >= 1, "a team has at least one thread")
    let started = Self.start(count - 1)
    // A team must not take the last threads, because the rest of the program needs some as well.
    if started.threads.count == count - 1, count == 1 || SystemThread.canStart(Self.reserve) {
      for thread in started.threads { pthread_detach(thread) }
      shared = started.shared
    } else {
      started.shared.publish(nil, workers: 0)
      for thread in started.threads { pthread_join(thread, nil) }
      let fewer = Self.start(max(0, started.threads.count - Self.reserve))
      for thread in fewer.threads { pthread_detach(thread) }
      (shared, self.count) = (fewer.shared, fewer.threads.count + 1)
      return
    }
    self.count = count
  }

  /// The number of threads that sockets, a worker and a live page need.
  private static let reserve = 8

  private static func start(_ count: Int) -> (threads: [pthread_t], shared: Shared) {
    let shared = Shared()
    var threads: [pthread_t] = []
    while threads.count < count,
      let thread = SystemThread.create("atelier-team", { [index = threads.count + 1] in shared.serve(as: index) })
    {
      threads.append(thread)
    }
    return (threads, shared)
  }

  deinit { shared.publish(nil, workers: 0) }

  /// Runs `body(thread)` once on every thread, and returns when all are done.
  package func run(_ body: (_ thread: Int) -> Void) {
    guard count > 1 else { return body(0) }
    withoutActuallyEscaping(body) { escapable in
      shared.publish(Job(body: escapable), workers: count - 1)
      escapable(0)
      shared.waitUntilDone()
    }
  }

  /// Runs `body(index, thread)` for every index of 0..<count. Each free thread takes the next `chunk` indices.
  package func forEach(_ count: Int, chunk: Int = 1, _ body: (_ index: Int, _ thread: Int) -> Void) {
    // A single chunk is run by the caller without waking other threads.
    guard count > chunk else {
      for index in 0..<count { body(index, 0) }
      return
    }
    let next = Atomic<Int>(0)
    run { thread in
      while true {
        let first = next.add(chunk, ordering: .relaxed).oldValue
        if first >= count { return }
        for index in first..<min(first + chunk, count) { body(index, thread) }
      }
    }
  }

  /// Divides 0..<count into one contiguous range for each thread, and runs `body(range, thread)` for each nonempty one.
  package func forEachRange(
    _ count: Int, multipleOf unit: Int = 1, _ body: (_ range: Range<Int>, _ thread: Int) -> Void
  ) {
    let units = (count + unit - 1) / unit
    run { thread in
      let first = min(count, units * thread / self.count * unit)
      let end = min(count, units * (thread + 1) / self.count * unit)
      if first < end { body(first..<end, thread) }
    }
  }
}

/// One call of `run`. The closure does not outlive the call, because the caller waits for all threads.
private struct Job: @unchecked Sendable {  // passed only from the caller to the threads that it waits for
  let body: (Int) -> Void
}

/// The state that the caller shares with the other threads.
private final class Shared: Sendable {
  /// The number of calls. A thread spins on it briefly before it sleeps, because calls often follow each other closely.
  private let generation = Atomic<Int>(0)
  private let running = Atomic<Int>(0)
  private let job = Mutex<Job?>(nil)
  private let condition = NSCondition()
  private let spins = 4000

  func publish(_ job: Job?, workers: Int) {
    self.job.withLock { $0 = job }
    running.store(workers, ordering: .relaxed)
    condition.lock()
    generation.add(1, ordering: .releasing)
    condition.broadcast()
    condition.unlock()
  }

  func serve(as index: Int) {
    var seen = 0
    while true {
      wait { self.generation.load(ordering: .acquiring) != seen }
      seen += 1
      guard work(as: index) else { return }
      if running.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
        condition.lock()
        condition.broadcast()
        condition.unlock()
      }
    }
  }

  /// Runs one call, and returns false at the end of the team. It is not inlined, so that it releases the closure before
  /// it returns: the caller's `withoutActuallyEscaping` checks that no reference is left.
  @inline(never)
  private func work(as index: Int) -> Bool {
    guard let job = job.withLock({ $0 }) else { return false }
    job.body(index)
    return true
  }

  func waitUntilDone() {
    wait { self.running.load(ordering: .acquiring) == 0 }
    job.withLock { $0 = nil }
  }

  private func wait(until isTrue: () -> Bool) {
    for _ in 0..<spins {
      if isTrue() { return }
      atelier_pause()
    }
    condition.lock()
    while !isTrue() { condition.wait() }
    condition.unlock()
  }
}
