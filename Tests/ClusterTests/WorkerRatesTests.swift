import Cluster
import Coordination
import Models
import Progress
import SwiftProtobuf
import Testing

/// Tests the lines that show the progress of workers, before and after their first results.
struct WorkerRatesTests {
  @Test func fractionIncludesTasksOfUnfinishedChunks() {
    var coordinator = Coordinator(session: 1, numerics: 1, limits: Limits())
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<100])), description: [], at: 0)
    var rates = WorkerRates(at: 0)
    func report(_ number: UInt64, tasks: [UInt64], at now: Int) -> [WorkerLine] {
      for (worker, done) in tasks.enumerated() {
        let status = WorkerStatus.with {
          ($0.number, $0.profile.threads, $0.profile.numerics, $0.tasksDone) = (number, 4, 1, done)
        }
        _ = coordinator.handle(.status(status), from: WorkerID(worker + 1), at: now)
      }
      return rates.lines(coordinator.overview, unit: .trees, at: now)
    }
    #expect(report(1, tasks: [0, 0], at: 1_000).map(\.fraction) == [0, 0])
    let lines = report(2, tasks: [3, 1], at: 2_000)
    #expect(lines.map(\.fraction) == [0.75, 0.25] && lines.map(\.rate) == [1.5, 0.5])
    rates.note(Chunk.with { $0.count = 4 }, by: 2)
    #expect(report(3, tasks: [3, 1], at: 4_000).map(\.fraction) == [0.375, 0.625])
  }
}
