internal import Foundation

/// Decides whether the failures of a task or training are significantly more frequent than those of all other work.
///
/// The workers of an unreliable host are lost at some rate. A fit that runs for an hour meets more such losses than one
/// that runs for a second, although it causes none. Therefore the number of failures alone proves nothing; it must be
/// far higher than the time at risk explains.
///
/// The test is the conditional test for two Poisson rates (Przyborowski and Wilenski, 1940). Let k failures have
/// occurred in a time t that was spent on the work in question, and K in a time T that was spent on everything else. If
/// both rates were equal, each of the k + K failures would be among the k with probability t / (t + T); the probability
/// of k or more is therefore the tail of a binomial distribution. The failures are significant if this probability is
/// below ``significance``. The test assumes nothing about the rate: as long as T is short, more failures are needed.
///
/// A failure of other work that is not done yet counts among the K as long as it is the only one of that work. From the
/// second failure on, that work may be the cause, and neither its failures nor its time are used until it is done:
/// several tasks that crash workers must not hide each other.
package struct CrashStatistics: Sendable {
  /// The probability that failures with other causes are attributed to the work.
  static let significance = 1e-6
  /// The number of failures that is significant at any rate: the work cannot be done on this cluster.
  package static let sufficientCount = 100

  /// The total time of all workers.
  private(set) var time: Milliseconds = 0
  /// The number of failures of work that was done later, and therefore did not cause them.
  private var unrelatedCount = 0
  /// The losses of workers that were idle, or whose work had been done when they were lost.
  private var unrelatedLosses = FailureHistory()
  /// The time that was spent on quarantined work.
  private var quarantinedTime: Milliseconds = 0

  package init() {}

  package mutating func add(time: Milliseconds, workers: Int) { self.time += time * workers }

  /// Subtracts time of one worker that turns out to have been lost already.
  mutating func subtract(time: Milliseconds) { self.time = max(0, self.time - time) }

  mutating func noteDone(_ failures: FailureHistory) { unrelatedCount += failures.count }

  /// Notes the loss of a worker that was idle, or whose work had been done when it was lost.
  package mutating func noteUnrelatedLoss(of worker: WorkerID, at now: Milliseconds, window: Milliseconds) {
    unrelatedLosses.record(worker, at: now, window: window, after: 0, isProven: false)
  }

  mutating func noteQuarantined(_ failures: FailureHistory) { quarantinedTime += failures.exposure }

  package mutating func noteReturn(of worker: WorkerID) { unrelatedLosses.remove(worker) }

  /// Returns whether the failures are significantly more frequent than those of all other work.
  /// - Parameter others: The failures of other work that is not done yet.
  package func isSignificant(_ failures: FailureHistory, others: some Sequence<FailureHistory>) -> Bool {
    if failures.count >= Self.sufficientCount { return true }
    let exposure = failures.exposure
    var (otherCount, time) = (unrelatedCount + unrelatedLosses.count, time - quarantinedTime - exposure)
    for other in others {
      if other.count == 1 { otherCount += 1 } else { time -= other.exposure }
    }
    let fraction = Double(exposure) / Double(exposure + max(0, time))
    let probability = Self.probability(
      ofAtLeast: failures.count, among: failures.count + otherCount, each: fraction)
    return probability < Self.significance
  }

  /// Returns the upper tail of a binomial distribution.
  package static func probability(ofAtLeast least: Int, among count: Int, each probability: Double) -> Double {
    if least <= 0 || probability >= 1 { return 1 }
    if least > count || probability <= 0 { return 0 }
    var logarithm = Double(count - least) * log1p(-probability)
    for index in 1...least { logarithm += log(Double(count - least + index) / Double(index) * probability) }
    var (term, sum) = (exp(logarithm), 0.0)
    for number in least...count {
      sum += term
      term *= Double(count - number) / Double(number + 1) * probability / (1 - probability)
    }
    return min(1, sum)
  }
}

/// The evidence that a worker is healthy. If a proven worker is lost at work at which others were lost, the worker
/// itself is probably not the cause.
struct Proof: Sendable {
  /// The time since the worker joined.
  let time: Milliseconds
  /// Whether the worker has completed other work in that time.
  let hasCompleted: Bool
  /// The shortest time that is sufficient.
  let minimumTime: Milliseconds

  /// Returns whether the worker has run without failure for as long as the lost workers had spent on the work.
  func isEnough(for failures: FailureHistory) -> Bool { time >= max(minimumTime, failures.longestExposure) }
}
