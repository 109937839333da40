import Compute
import Selection
import Testing

/// The promoted configurations are those of the synchronous algorithm, regardless of the order of the scores.
@Suite struct RungDecisionsTests {
  private typealias Trial = TrialPlace

  /// Scores with many ties and some missing values.
  private struct Scores {
    private var random: RandomSequence
    private var known: [Trial: Double] = [:]
    private let failures: Int

    init(seed: UInt64) {
      random = RandomSequence(seed: seed, .test)
      failures = [0, 0, 3, 10][Int(seed % 4)]
    }

    mutating func next(below bound: Int) -> Int { Int(random.next(below: UInt32(bound))) }

    mutating func callAsFunction(_ trial: Trial) -> Double {
      if let score = known[trial] { return score }
      let score = next(below: 10) < failures ? Double.nan : Double(next(below: 6))
      known[trial] = score
      return score
    }
  }

  /// The synchronous algorithm, which evaluates whole rungs.
  private func rungByRung(_ count: Int, rungs: Int, _ halving: SuccessiveHalving, _ scores: inout Scores) -> Set<Trial>
  {
    var trials: Set<Trial> = []
    var left = Array(0..<count)
    for rung in 0..<rungs {
      let these = left.map { Trial(rung: rung, configuration: $0) }
      trials.formUnion(these)
      left = halving.promoted(these.map { scores($0) }).map { left[$0] }
    }
    return trials
  }

  @Test(arguments: 0..<10) func promotionsAreIndependentOfOrder(block: UInt64) {
    for seed in block * 300..<block * 300 + 300 {
      var scores = Scores(seed: seed)
      let count = 1 + scores.next(below: seed % 10 == 0 ? 200 : 30)
      let (rungs, factor) = (1 + scores.next(below: 5), 2 + scores.next(below: 4))
      let halving = SuccessiveHalving(resource: .trees, factor: factor, least: 1, most: 1)
      let expected = rungByRung(count, rungs: rungs, halving, &scores)
      for _ in 0..<3 {
        var decisions = RungDecisions(count: count, rungs: rungs, factor: factor)
        var running = (0..<count).map { Trial(rung: 0, configuration: $0) }
        var begun = Set(running)
        var isEarly = false
        while !running.isEmpty {
          let trial = running.remove(at: scores.next(below: running.count))
          for next in decisions.note(scores(trial), of: trial) {
            #expect(begun.insert(next).inserted, "seed \(seed): promoted twice")
            running.append(next)
            isEarly = isEarly || running.contains { $0.rung < next.rung }
          }
        }
        #expect(begun == expected && decisions.isFinished, "seed \(seed)")
        let stopped = (0..<rungs).map { decisions.count(of: $0).stopped }.reduce(0, +)
        #expect(stopped == count, "seed \(seed): each is stopped once")
        // In large rungs, some are promoted before the last score arrives.
        if count > 60, rungs > 1, seed % 4 != 3 { #expect(isEarly, "seed \(seed)") }
      }
    }
  }

  @Test func promotesAsSoonAsItIsCertain() {
    var decisions = RungDecisions(count: 6, rungs: 2, factor: 3)
    func note(_ score: Double, _ configuration: Int) -> [Int] {
      decisions.note(score, of: Trial(rung: 0, configuration: configuration)).map(\.configuration)
    }
    // Two of six are promoted. While two are unknown, both of these may be better.
    #expect(note(5, 0) == [] && note(1, 1) == [] && note(4, 2) == [] && note(2, 3) == [])
    #expect(note(3, 4) == [0])
    // Of two equal scores, the first configuration is promoted.
    #expect(note(4, 5) == [2])
  }

  @Test func failureMakesRoomForAnother() {
    var decisions = RungDecisions(count: 3, rungs: 2, factor: 2)
    func note(_ score: Double, _ configuration: Int) -> [Int] {
      decisions.note(score, of: Trial(rung: 0, configuration: configuration)).map(\.configuration)
    }
    #expect(note(.nan, 0) == [])
    #expect(note(1, 2) == [2])
    #expect(note(.nan, 1) == [])
    #expect(!decisions.isFinished)
    #expect(decisions.note(1, of: Trial(rung: 1, configuration: 2)) == [])
    #expect(decisions.isFinished)
  }
}

/// A plain reference implementation of ``RungDecisions``.
extension SuccessiveHalving {
  /// Returns the promoted positions of one rung's scores, in ascending order: the best, and of equal ones the first.
  func promoted(_ scores: [Double]) -> [Int] {
    let ranked = scores.indices.filter { !scores[$0].isNaN }.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
    return ranked.prefix((scores.count + factor - 1) / factor).sorted()
  }
}
