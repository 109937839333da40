package import Models
package import Text

/// The repeated measurements of one model, and their medians.
package struct BenchmarkResult: Encodable {
  package let kind: ModelKind
  package let parameters: String
  package let threads: Int
  package let instructionSet: String
  package let samples: [BenchmarkSample]
  package let medianFitSeconds: Double
  package let medianPredictSeconds: Double
  /// The highest peak of all repetitions.
  package let fitPeakBytes: Int
  package let peakBytes: Int

  /// - Parameter samples: at least one measurement
  /// - Throws: ``BenchmarkError/digestsDiffer(_:)`` if two fits gave different models
  init(kind: ModelKind, parameters: String, threads: Int, instructionSet: String, samples: [BenchmarkSample]) throws {
    guard Set(samples.map(\.digest)).count == 1 else { throw BenchmarkError.digestsDiffer(kind) }
    (self.kind, self.parameters, self.threads, self.instructionSet) = (kind, parameters, threads, instructionSet)
    self.samples = samples
    medianFitSeconds = median(samples.map(\.fitSeconds))
    medianPredictSeconds = median(samples.map(\.predictSeconds))
    fitPeakBytes = samples.map(\.fitPeakBytes).max()!
    peakBytes = samples.map(\.peakBytes).max()!
  }

  package static func table(_ results: [BenchmarkResult]) -> TextTable {
    var table = TextTable(
      [.left, .left, .right, .right, .right, .right, .right, .right, .left],
      header: [
        "model", "parameters", "fit s", "fastest", "slowest", "predict s", "fit MiB", "total MiB", "digest",
      ])
    for result in results {
      let fits = result.samples.map(\.fitSeconds)
      let seconds = [result.medianFitSeconds, fits.min()!, fits.max()!, result.medianPredictSeconds]
      let memory = [result.fitPeakBytes, result.peakBytes]
      table.add(
        [result.kind.rawValue, result.parameters] + seconds.map { formatted($0, digits: 2) }
          + memory.map { "\($0 >> 20)" } + [String(result.samples[0].digest.prefix(16))])
    }
    return table
  }
}

/// Returns the median; for an even number of values, the mean of the two middle ones.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
