import Benchmarks
import Compute
import Datasets
import Foundation
import Models
import Testing

@Suite struct AccuracyBenchmarkTests {
  /// Images whose brightness is their class, which a network learns at once.
  private static var dataset: Dataset {
    let shape = ImageShape(height: 8, width: 8, channels: 1)
    let labels = (0..<64).map { UInt8($0 % 2) }
    let images = LabeledImages(
      shape: shape, pixels: labels.flatMap { [UInt8](repeating: 200 * $0 + 20, count: shape.count) }, labels: labels)
    return Dataset(name: "two levels", classNames: ["dark", "light"], train: images, test: images)
  }

  private func run(_ target: Double) throws -> AccuracyResult {
    try AccuracyBenchmark(
      target: target, dataset: Self.dataset, context: ComputeContext(threads: 1, instructionSet: .available.max()!),
      log: { _ in },
      isStopped: { false }
    ).run()
  }

  @Test func firstEpochWithAccuracyCounts() throws {
    let result = try run(0)
    #expect(result.samples.map(\.seed) == Array(AccuracyBenchmark.seeds))
    #expect(Set(result.samples.map(\.digest)).count == result.samples.count)
    for sample in result.samples {
      #expect(try #require(sample.secondsToTarget) < sample.trainingSeconds, "the first of several epochs")
    }
    let seconds = result.samples.map { $0.secondsToTarget! }.sorted()
    #expect(result.medianSeconds == seconds[2])
  }

  @Test func accuracyThatIsNotReachedHasNoTime() throws {
    let result = try run(1.5)
    #expect(result.samples.allSatisfy { $0.secondsToTarget == nil } && result.medianSeconds == nil)
    #expect(result.text.hasSuffix("accuracy of 1.5000: not reached"))
  }

  @Test func isStoppable() throws {
    let benchmark = AccuracyBenchmark(
      target: 0, dataset: Self.dataset, context: ComputeContext(threads: 1, instructionSet: .available.max()!),
      log: { _ in },
      isStopped: { true })
    #expect(throws: CancellationError.self) { try benchmark.run() }
  }
}
