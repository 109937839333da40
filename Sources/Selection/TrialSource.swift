/// The identity of a trial: a rung, and the number of the configuration. It does not depend on the order of arrival.
package struct TrialPlace: Sendable, Hashable, Comparable {
  /// From 0; a search without rungs has one.
  package let rung: Int
  /// The number of the configuration, from 0.
  package let configuration: Int

  package init(rung: Int, configuration: Int) { (self.rung, self.configuration) = (rung, configuration) }

  package static func < (first: TrialPlace, second: TrialPlace) -> Bool {
    (first.rung, first.configuration) < (second.rung, second.configuration)
  }
}

/// A trial that can start.
package struct Proposal: Sendable, Equatable {
  package let place: TrialPlace
  /// The configuration, without the resource of its rung.
  package let configuration: Configuration

  package init(_ place: TrialPlace, _ configuration: Configuration) {
    (self.place, self.configuration) = (place, configuration)
  }
}

/// Proposes the trials of one search and receives their scores **as they arrive**, in any order.
///
/// The set of trials must not depend on this order: a trial may be proposed as soon as the known scores make it certain
/// that it belongs to the set (``RungDecisions``), and ``TrialPlace`` must be a function of the set. A strategy whose
/// proposals depend on scores should implement ``Proposer`` instead, where this holds by construction.
package protocol TrialSource: Sendable {
  /// The amount of the resource on each rung; one rung with nil for a search without a resource.
  var rungs: [Int?] { get }

  /// Returns the trials that can start without any score. Called once, before ``note(_:of:)``.
  mutating func begin() -> [Proposal]

  /// Records the score of a proposed trial, once for each; NaN if it has none.
  /// - Returns: the trials that can start now. The search ends when all proposed trials have been recorded.
  mutating func note(_ score: Double, of trial: TrialPlace) -> [Proposal]

  /// Returns the counts of a rung.
  func count(of rung: Int) -> RungCount
}

/// Counts of trials on a rung, for progress.
package struct RungCount: Sendable, Equatable {
  /// The most trials that can reach the rung.
  package let atMost: Int
  /// Trials with a score or a failure.
  package let known: Int
  /// Known trials that are certainly not promoted.
  package let stopped: Int

  package init(atMost: Int, known: Int, stopped: Int) {
    (self.atMost, self.known, self.stopped) = (atMost, known, stopped)
  }
}

/// Trials that do not depend on any score.
struct FixedTrials: TrialSource {
  private let configurations: [Configuration]
  private var known = 0

  init(_ configurations: [Configuration]) { self.configurations = configurations }

  var rungs: [Int?] { [nil] }

  func begin() -> [Proposal] {
    configurations.enumerated().map { Proposal(TrialPlace(rung: 0, configuration: $0), $1) }
  }

  mutating func note(_ score: Double, of trial: TrialPlace) -> [Proposal] {
    known += 1
    return []
  }

  func count(of rung: Int) -> RungCount { RungCount(atMost: configurations.count, known: known, stopped: known) }
}
