/// Decides, score by score, which configurations go on to the next rung of ``SuccessiveHalving``: each as soon as it is certain, whatever is
/// still unknown. So nobody waits for a whole rung, as in ASHA (Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020); but
/// where ASHA lets go on who is among the best of those that came first, here those go on that would if all were waited for, in whatever order
/// scores come.
///
/// Of a rung with `n` configurations the best `k = ceil(n / factor)` of those that have a score go on, of equal ones the first. While scores
/// are missing, `n` and `k` have bounds, since a configuration that fails makes room for another one. A configuration is certain to go on if
/// those that are better, and those that are unknown or may still come to this rung, are together fewer than the least `k`. As these have to
/// be fewer than `k` for all that are certain, the certain ones are always the best `k - unknown` so far, and one that was certain stays so.
package struct RungDecisions: Sendable {
  /// A configuration, by its place among all, on a rung.
  package struct Trial: Sendable, Hashable {
    package let rung: Int
    package let configuration: Int

    package init(rung: Int, configuration: Int) { (self.rung, self.configuration) = (rung, configuration) }
  }

  private struct Rung {
    /// Of configurations that this rung will have had at the end.
    var atLeast: Int
    var atMost: Int
    /// That have a score, and all whose fate is known.
    var judged = 0
    var known = 0
    var goneOn = 0
    /// Judged ones that have not gone on, the best on top.
    var candidates = Heap()

    var unknown: Int { atMost - known }
  }

  private let factor: Int
  private var rungs: [Rung]

  /// - Parameters:
  ///   - count: of configurations; all of them begin on the first rung
  ///   - rungs: 1 for a search without halving
  package init(count: Int, rungs: Int, factor: Int) {
    self.factor = factor
    self.rungs = (0..<rungs).map { Rung(atLeast: $0 == 0 ? count : 0, atMost: count) }
    _ = decide(from: 0)
  }

  /// Whether all is decided.
  package var isFinished: Bool { rungs.allSatisfy { $0.unknown == 0 } }

  /// A configuration's score on a rung is known; not a number if it has none.
  /// - Returns: what begins therefore, in the order of rungs
  package mutating func note(_ score: Double, of trial: Trial) -> [Trial] {
    rungs[trial.rung].known += 1
    if !score.isNaN {
      rungs[trial.rung].judged += 1
      if trial.rung < rungs.count - 1 { rungs[trial.rung].candidates.insert((score, trial.configuration)) }
    }
    return decide(from: trial.rung)
  }

  private func promoted(of count: Int) -> Int { (count + factor - 1) / factor }

  private mutating func decide(from first: Int) -> [Trial] {
    var begun: [Trial] = []
    for number in first..<max(first, rungs.count - 1) {
      let rung = rungs[number]
      let certain = min(promoted(of: rung.atLeast) - rung.unknown, rung.judged)
      while rungs[number].goneOn < certain, let best = rungs[number].candidates.removeBest() {
        rungs[number].goneOn += 1
        begun.append(Trial(rung: number + 1, configuration: best.configuration))
      }
      rungs[number + 1].atLeast = min(promoted(of: rung.atLeast), rung.judged)
      rungs[number + 1].atMost = min(promoted(of: rung.atMost), rung.judged + rung.unknown)
    }
    return begun
  }

  // MARK: How it stands

  /// Of a rung: its configurations, at most; those whose fate there is known, and of these how many certainly do not go on.
  package func count(of rung: Int) -> (atMost: Int, known: Int, stopped: Int) {
    let found = rungs[rung]
    let failed = found.known - found.judged
    let isLast = rung == rungs.count - 1
    return (
      found.atMost, found.known, failed + (isLast ? found.judged : max(0, found.judged - promoted(of: found.atMost)))
    )
  }
}

/// A binary heap of scores; of equal ones, the first configuration is the best.
private struct Heap {
  typealias Entry = (score: Double, configuration: Int)
  private var entries: [Entry] = []

  private func isBetter(_ first: Int, _ second: Int) -> Bool {
    let (first, second) = (entries[first], entries[second])
    return first.score == second.score ? first.configuration < second.configuration : first.score > second.score
  }

  mutating func insert(_ entry: Entry) {
    entries.append(entry)
    var place = entries.count - 1
    while place > 0, isBetter(place, (place - 1) / 2) {
      entries.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func removeBest() -> Entry? {
    guard !entries.isEmpty else { return nil }
    entries.swapAt(0, entries.count - 1)
    let best = entries.removeLast()
    var place = 0
    while true {
      var better = place
      for child in [2 * place + 1, 2 * place + 2] where child < entries.count && isBetter(child, better) {
        better = child
      }
      if better == place { return best }
      entries.swapAt(place, better)
      place = better
    }
  }
}
