internal import ArgumentParser
internal import Foundation
internal import Models

/// The options that training has in common for every kind of model.
struct TrainOptions: ParsableArguments {
  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var json: JSONOptions

  /// Fits, saves and prints.
  func run(_ settings: ModelSettings) throws {
    try json.check()
    let run = try TrainingRun(data: data, compute: compute)
    let report = try output.withPath(settings.kind) { try run.fit(settings, savingTo: $0) }
    try json.write(report, text: report.text)
  }
}
