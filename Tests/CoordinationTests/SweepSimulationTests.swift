import Coordination
import Foundation
import Testing

/// Sweeps with accidents, each wholly determined by its seed: fits of very different length, reordered while they run, some of which kill whoever
/// tries them.
struct SweepSimulationTests {
  /// `deploy/soak` goes on from ever new seeds; one alone is told again by this variable.
  private let firstSeed = ProcessInfo.processInfo.environment["ATELIER_FIRST_SEED"].flatMap { UInt64($0) } ?? 0

  /// - Parameter faults: nil: what the seed comes to
  private func sweep(_ seed: UInt64, faults: Faults? = nil, poisons count: ClosedRange<Int>) -> Simulation {
    var random = SplitMix(state: seed)
    var faults = faults ?? .random(&random)
    // From 5 ms to 5 s, any order of magnitude as likely as any other; the longest first, as a plan has them, or not: estimates may be wrong.
    var milliseconds = (0..<Int.random(in: 1...60, using: &random)).map { _ in
      Int(5 * pow(1_000, Double.random(in: 0...1, using: &random)))
    }
    if random.chance(0.5) { milliseconds.sort(by: >) }
    faults.poisons = Set(
      (0..<Int.random(in: count, using: &random)).map { _ in
        Int.random(in: milliseconds.indices, using: &random)
      })
    let workers = Int.random(in: 1...6, using: &random)
    let simulation = Simulation(seed: seed, kind: .sweep(milliseconds: milliseconds), workers: workers, faults: faults)
    Self.reorderNowAndThen(simulation, units: milliseconds.count)
    return simulation
  }

  /// As a search does when it has learned what fits cost. Some of the units may be done or in hand already, or left out.
  private static func reorderNowAndThen(_ simulation: Simulation, units: Int) {
    simulation.schedule(after: Int.random(in: 50...4_000, using: &simulation.random)) { simulation in
      let order = Array(0..<units).shuffled(using: &simulation.random)
      simulation.reorder(Array(order.prefix(Int.random(in: 0...units, using: &simulation.random))))
      reorderNowAndThen(simulation, units: units)
    }
  }

  /// Checks what holds whatever happens. - Returns: the units that are set aside
  private func check(_ simulation: Simulation, _ seed: UInt64) -> Set<Int> {
    guard case .sweep(let milliseconds) = simulation.kind else { return [] }
    #expect(simulation.run(limit: 3_600_000), "seed \(seed): the sweep never ended")
    #expect(simulation.violations.isEmpty, "seed \(seed)")
    guard case .done(let chunks) = simulation.ended else {
      Issue.record("seed \(seed): \(String(describing: simulation.ended))")
      return []
    }
    let setAside = chunks.flatMap(\.indices)
    let done = simulation.unitsDone.keys
    #expect((done + setAside).sorted() == Array(milliseconds.indices), "seed \(seed): each fit has one end")
    let named = Set(
      simulation.notes.flatMap { if case .setAside(let chunk, _, _) = $0 { chunk.indices } else { [Int]() } })
    #expect(named.isSuperset(of: setAside), "seed \(seed): what is set aside is told")
    #expect(simulation.faults.poisons.isSubset(of: setAside), "seed \(seed): poison gives no result")
    return Set(setAside)
  }

  @Test(arguments: 0..<20) func everyFitHasOneEndWhateverHappens(block: Int) {
    for seed in firstSeed + UInt64(block * 150)..<firstSeed + UInt64(block * 150 + 150) {
      _ = check(sweep(seed, poisons: 0...2), seed)
    }
  }

  /// Where nothing else goes wrong, nothing else is lost.
  @Test(arguments: 0..<10) func whatKillsWorkersIsSetAsideAloneAndTheRestIsFinished(block: Int) {
    for seed in firstSeed + UInt64(block * 100)..<firstSeed + UInt64(block * 100 + 100) {
      let simulation = sweep(seed, faults: Faults(), poisons: 1...3)
      #expect(check(simulation, seed) == simulation.faults.poisons, "seed \(seed): the innocent come through")
    }
  }

  @Test func theSameSeedIsTheSameStory() {
    func story(_ seed: UInt64) -> [Int] {
      let simulation = sweep(seed, poisons: 0...2)
      _ = simulation.run(limit: 3_600_000)
      return [simulation.now, simulation.coordinatorMessages] + simulation.unitsDone.keys.sorted()
    }
    for seed in UInt64(1)...5 { #expect(story(seed) == story(seed)) }
  }
}

extension Chunk {
  fileprivate var indices: [Int] { Array(Int(first)..<Int(first + count)) }
}
