import Benchmarks
import Testing

@Suite struct SimulationBenchmarkTests {
  private let result = SimulationBenchmark.run(workers: [1, 10, 100], tasks: 5_000)

  /// Message delays and the last tasks cost time, but a worker rarely waits for its next task.
  @Test func workersAreBusyNearlyAllTheTime() {
    #expect(result.tasks.map(\.workers) == [1, 10, 100])
    for row in result.tasks {
      #expect(row.units == 5_000)
      #expect(row.simulatedSeconds >= row.idealSeconds)
      #expect(row.simulatedSeconds < 1.1 * row.idealSeconds)
    }
    // A task takes 30 ms on average.
    #expect(abs(result.tasks[0].idealSeconds - 150) < 3)
  }

  @Test func simulatedTimeAndMessagesAreReproducible() {
    let again = SimulationBenchmark.run(workers: [1, 10, 100], tasks: 5_000)
    #expect(again.tasks.map(\.simulatedSeconds) == result.tasks.map(\.simulatedSeconds))
    #expect(again.tasks.map(\.messagesPerUnit) == result.tasks.map(\.messagesPerUnit))
    #expect(result.tasks.allSatisfy { $0.messagesPerUnit > 0 })
  }

  @Test func exchangeIsMoreEfficientOnFasterLinks() {
    for (_, rows) in Dictionary(grouping: result.exchange, by: \.workers) {
      let efficiencies = rows.sorted { $0.gigabits < $1.gigabits }.map(\.efficiency)
      #expect(efficiencies == efficiencies.sorted())
      #expect(Set(efficiencies).count == 3 && efficiencies.allSatisfy { 0 < $0 && $0 < 1 })
    }
  }

  @Test func textHasOneRowForEachSimulation() {
    let lines = SimulationBenchmark.text(result).split(separator: "\n")
    #expect(lines.count == 2 + 2 + result.tasks.count + result.exchange.count)
  }
}
