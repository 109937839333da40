internal import Foundation

/// How often workers are lost whatever they do: what the losses of one piece of work are compared with, before it is
/// blamed.
///
/// Workers of an unreliable host are lost at some rate. A fit that runs for an hour meets more such losses than one
/// that runs for a second, though it causes none. So it is not the number of losses that counts, but whether they are
/// far more than the time at risk explains.
///
/// The test is the conditional one for two Poisson rates (Przyborowski and Wilenski, 1940). Let k workers have been
/// lost at the work in question after a time t altogether, and K at everything else in a time T. If both had one rate,
/// then of all k + K losses each would be among the k with probability t / (t + T); so the chance of k or more is the
/// tail of a binomial distribution. Work is suspect if that chance is below ``significance``. It needs no assumption
/// about the rate: where little is known yet (T is short), more losses are needed.
///
/// A loss at other work that is not done yet counts among the K while it is the only one there. From the second on it
/// may be the fault of that work, and neither its losses nor their time are used until it is done: several pieces of
/// deadly work must not excuse each other.
package struct CrashStatistics: Sendable {
  /// The chance that what happens by itself is taken for the fault of the work.
  static let significance = 1e-6
  /// So many losses are enough, whatever the rate: nobody can do it here.
  package static let most = 100

  /// Time of all workers together.
  private(set) var time: Milliseconds = 0
  /// Of work that is done now, and was not to blame.
  private var innocent = 0
  /// Of workers that had nothing to do.
  private var idle = FailureHistory()
  /// Time that was spent on what was quarantined.
  private var quarantined: Milliseconds = 0

  package init() {}

  package mutating func add(time: Milliseconds, workers: Int) { self.time += time * workers }

  mutating func noteDone(_ failures: FailureHistory) { innocent += failures.count }

  package mutating func noteIdleLoss(of worker: WorkerID, at now: Milliseconds, window: Milliseconds) {
    idle.note(worker, at: now, window: window, after: 0, isProven: false)
  }

  mutating func noteQuarantined(_ failures: FailureHistory) { quarantined += failures.exposure }

  mutating func absolve(_ worker: WorkerID) { idle.absolve(worker) }

  /// Whether these losses are far more than what befalls all work alike.
  /// - Parameter others: those of other work that is not done yet
  package func condemn(_ failures: FailureHistory, others: some Sequence<FailureHistory>) -> Bool {
    if failures.count >= Self.most { return true }
    var (losses, time) = (innocent + idle.count, time - quarantined - failures.exposure)
    for other in others {
      if other.count == 1 { losses += 1 } else { time -= other.exposure }
    }
    let share = Double(failures.exposure) / Double(failures.exposure + max(0, time))
    return Self.chance(ofAtLeast: failures.count, among: failures.count + losses, each: share) < Self.significance
  }

  /// The tail of a binomial distribution.
  package static func chance(ofAtLeast least: Int, among count: Int, each share: Double) -> Double {
    if least <= 0 || share >= 1 { return 1 }
    if least > count || share <= 0 { return 0 }
    var logarithm = Double(count - least) * log1p(-share)
    for index in 1...least { logarithm += log(Double(count - least + index) / Double(index) * share) }
    var (term, sum) = (exp(logarithm), 0.0)
    for number in least...count {
      sum += term
      term *= Double(count - number) / Double(number + 1) * share / (1 - share)
    }
    return min(1, sum)
  }
}

/// What speaks for a worker that is to try work which others were lost at: if it is lost as well, that is not for want
/// of its health.
struct Proof: Sendable {
  /// How long it has been there before.
  let time: Milliseconds
  /// Whether it has completed other work in that time.
  let hasCompleted: Bool
  /// It must have been there for so long at least.
  let least: Milliseconds

  /// Whether it has lived as long with other work as the victims had with this.
  func isEnough(for failures: FailureHistory) -> Bool { time >= max(least, failures.longest) }
}
