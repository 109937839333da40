internal import HeapModule

/// Decides which configurations are promoted to the next rung of ``SuccessiveHalving``, each as soon as the known
/// scores make it certain. As in ASHA (Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020), no
/// worker waits for a whole rung. But ASHA promotes the best of the scores that arrive first; here the promoted
/// configurations are those of the synchronous algorithm, in whatever order scores arrive.
///
/// Of a rung with `n` configurations, the best `k = ceil(n / factor)` of those with a score are promoted; of equal
/// scores, the first. While scores are missing, `n` and `k` are known within bounds, because a failed configuration
/// makes room for another. A configuration is certain to be promoted if the number of better configurations plus the
/// number of unknown ones (including those that may still reach this rung) is less than the lower bound of `k`. So the
/// certain ones are always the best `k - unknown` so far, and a configuration once certain remains certain.
package struct RungDecisions: Sendable {
  private struct Rung {
    /// Bounds of the number of configurations that reach this rung.
    var atLeast: Int
    var atMost: Int
    /// Configurations with a score.
    var scored = 0
    /// Configurations with a score or a failure.
    var known = 0
    var promoted = 0
    /// Configurations with a score that have not been promoted.
    var candidates = Heap<Candidate>()

    var unknown: Int { atMost - known }
  }

  private let factor: Int
  private var rungs: [Rung]

  /// - Parameters:
  ///   - count: the number of configurations, which all start on the first rung
  ///   - rungs: 1 for a search without halving
  package init(count: Int, rungs: Int, factor: Int) {
    self.factor = factor
    self.rungs = (0..<rungs).map { Rung(atLeast: $0 == 0 ? count : 0, atMost: count) }
    _ = decide(from: 0)
  }

  package var isFinished: Bool { rungs.allSatisfy { $0.unknown == 0 } }

  /// Records the score of a trial; NaN if it has none.
  /// - Returns: the trials that can start now, in the order of rungs
  package mutating func note(_ score: Double, of trial: TrialPlace) -> [TrialPlace] {
    rungs[trial.rung].known += 1
    if !score.isNaN {
      rungs[trial.rung].scored += 1
      if trial.rung < rungs.count - 1 {
        rungs[trial.rung].candidates.insert(Candidate(score: score, configuration: trial.configuration))
      }
    }
    return decide(from: trial.rung)
  }

  private func promotedCount(of count: Int) -> Int { (count + factor - 1) / factor }

  private mutating func decide(from first: Int) -> [TrialPlace] {
    var begun: [TrialPlace] = []
    for number in first..<max(first, rungs.count - 1) {
      let rung = rungs[number]
      let certain = min(promotedCount(of: rung.atLeast) - rung.unknown, rung.scored)
      while rungs[number].promoted < certain, let best = rungs[number].candidates.popMax() {
        rungs[number].promoted += 1
        begun.append(TrialPlace(rung: number + 1, configuration: best.configuration))
      }
      rungs[number + 1].atLeast = min(promotedCount(of: rung.atLeast), rung.scored)
      rungs[number + 1].atMost = min(promotedCount(of: rung.atMost), rung.scored + rung.unknown)
    }
    return begun
  }

  // MARK: Progress

  package func count(of rung: Int) -> RungCount {
    let found = rungs[rung]
    let failed = found.known - found.scored
    let isLast = rung == rungs.count - 1
    return RungCount(
      atMost: found.atMost, known: found.known,
      stopped: failed + (isLast ? found.scored : max(0, found.scored - promotedCount(of: found.atMost))))
  }
}

/// A configuration with its score; among equal scores, the first configuration is the best.
private struct Candidate: Comparable {
  let score: Double
  let configuration: Int

  static func < (left: Candidate, right: Candidate) -> Bool {
    left.score == right.score ? left.configuration > right.configuration : left.score < right.score
  }
}
