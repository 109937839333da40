internal import Compute
internal import Foundation
package import Models

/// Measures kinds of models. Each measurement runs in a separate process, which has its own peak memory.
package struct ModelBenchmark {
  let kinds: [ModelKind]
  let repetitions: Int
  let epochs: Int
  let threads: Int
  let arguments: [String]
  let log: (String) -> Void
  let isStopped: () -> Bool

  /// - Parameters:
  ///   - epochs: the number of epochs of models that have this setting
  ///   - threads: the number of threads of a measured process
  ///   - arguments: the further arguments of `atelier benchmark-sample`
  ///   - log: receives messages about the progress
  ///   - isStopped: polled during the measurements
  package init(
    kinds: [ModelKind], repetitions: Int, epochs: Int, threads: Int, arguments: [String],
    log: @escaping (String) -> Void, isStopped: @escaping () -> Bool
  ) {
    (self.kinds, self.repetitions, self.epochs, self.threads) = (kinds, repetitions, epochs, threads)
    (self.arguments, self.log, self.isStopped) = (arguments, log, isStopped)
  }

  /// - Throws: ``BenchmarkError/digestsDiffer(_:)``; ``ProcessFailure``; `CancellationError` if stopped
  package func run() throws -> [BenchmarkResult] {
    try kinds.map { kind in
      let samples = try (1...repetitions).map { repetition in
        log("\(kind.rawValue): \(repetition) of \(repetitions)")
        return try measure(kind)
      }
      let settings = try Self.settings(kind, epochs: epochs)
      return try BenchmarkResult(
        kind: kind, parameters: kind.family.summary(of: settings), threads: threads,
        instructionSet: try InstructionSet.chosen().rawValue, samples: samples)
    }
  }

  /// Returns the settings that are measured: those of the reference study, or the defaults.
  package static func settings(_ kind: ModelKind, epochs: Int) throws -> ModelSettings {
    var text = kind.family.reference?.settings.text ?? kind.settingsType.init().text
    if kind.setting("epochs") != nil { text["epochs"] = "\(epochs)" }
    return try ModelSettings(kind, text)
  }

  /// Runs `atelier benchmark-sample`, and decodes its output.
  private func measure(_ kind: ModelKind) throws -> BenchmarkSample {
    let command = ["benchmark-sample", kind.rawValue, "--epochs", "\(epochs)", "--quiet"]
    let output = try BenchmarkProcess.run(command + arguments, isStopped: isStopped)
    return try JSONDecoder().decode(BenchmarkSample.self, from: output)
  }
}
