package import Models

/// Proposes configurations, and receives their scores **in the order of its proposals**: the contract of an adaptive
/// search ("ask and tell").
///
/// ``InOrder`` calls ``next()`` once at the start and once after each ``note(_:)``, and nothing else. So each proposal
/// is a function of the scores of a prefix of the proposals, and the whole search is a function of the definition,
/// whatever the number of workers and the order of arrival. A conforming type must be a value without a clock, a
/// counter of processes or an unseeded random number (use `Philox`).
///
/// A proposer decides how many trials run at a time. One that works in batches of `n` returns `n` configurations, then
/// none until it has received `n` scores; one that keeps `n` trials running returns one after each score. `n` must not
/// depend on the number of workers, because it determines which scores a proposal rests on.
package protocol Proposer: Sendable {
  /// The most configurations that the proposer returns in all. ``next()`` must not exceed it.
  var mostProposals: Int { get }

  /// Returns the configurations to evaluate now; none if the proposer waits for scores, or has finished.
  mutating func next() -> [Configuration]

  /// Receives the score of the first proposal whose score has not been received; NaN if it has none. Higher is better.
  mutating func note(_ score: Double)
}

/// Delivers scores to a ``Proposer`` in the order of its proposals, whatever the order of their arrival.
///
/// A proposal with the settings of an earlier one is not evaluated again: the proposer receives the known score.
package struct InOrder<Source: Proposer>: TrialSource {
  private var proposer: Source
  private var seen: SeenConfigurations
  /// The trial of each proposal. Equal configurations have one trial.
  private var trials: [Int] = []
  /// The score of each trial; nil while it is missing.
  private var scores: [Double?] = []
  /// The number of proposals whose score the proposer has received.
  private var delivered = 0
  private var known = 0

  package init(_ proposer: Source, model: ModelKind) {
    (self.proposer, seen) = (proposer, SeenConfigurations(model))
  }

  package var rungs: [Int?] { [nil] }

  package mutating func begin() -> [Proposal] { propose() + deliver() }

  package mutating func note(_ score: Double, of trial: TrialPlace) -> [Proposal] {
    scores[trial.configuration] = score
    known += 1
    return deliver()
  }

  /// Delivers all scores up to the first that is missing.
  private mutating func deliver() -> [Proposal] {
    var found: [Proposal] = []
    while delivered < trials.count, let score = scores[trials[delivered]] {
      delivered += 1
      proposer.note(score)
      found += propose()
    }
    return found
  }

  /// Returns the next proposals without those that have a trial already.
  private mutating func propose() -> [Proposal] {
    var found: [Proposal] = []
    for configuration in proposer.next().prefix(max(0, proposer.mostProposals - trials.count)) {
      let trial = seen.number(of: configuration)
      trials.append(trial)
      guard trial == scores.count else { continue }
      scores.append(nil)
      found.append(Proposal(TrialPlace(rung: 0, configuration: trial), configuration))
    }
    return found
  }

  package func count(of rung: Int) -> RungCount {
    let toCome = delivered == trials.count ? 0 : max(0, proposer.mostProposals - trials.count)
    return RungCount(atMost: scores.count + toCome, known: known, stopped: known)
  }
}
