internal import ArgumentParser
internal import Foundation
internal import Models

/// The options that training has in common for every kind of model.
struct TrainOptions: ParsableArguments {
  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var json: JSONOptions

  func validate() throws {
    try DistinctFiles.check(["--output": output.output, "--json": json.json, "--events": cluster.events])
  }

  /// Fits, saves and prints.
  func run(_ settings: ModelSettings) throws {
    try json.check()
    try TrainingRun.with(data: data, compute: compute, cluster: cluster) { run in
      let report = try output.withPath(settings.kind) { try run.fit(settings, savingTo: $0) }
      try json.write(report, text: report.text)
    }
  }
}
