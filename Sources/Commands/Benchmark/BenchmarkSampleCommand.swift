internal import ArgumentParser
internal import Benchmarks
internal import Models

extension ModelKind: ExpressibleByArgument {}

/// Runs one measurement of `atelier benchmark`, in a separate process, and prints a ``BenchmarkSample`` as JSON.
struct BenchmarkSampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "benchmark-sample", shouldDisplay: false)

  @Argument var kind: ModelKind
  @Option var epochs: Int
  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var computeOptions: ComputeOptions

  func run() throws {
    let context = try computeOptions.makeContext()
    let settings = try ModelBenchmark.settings(kind, epochs: epochs)
    Interruption.watch()
    let sample = try BenchmarkSample(
      settings, dataOptions.request.load(computeOptions), on: context, isStopped: { Interruption.isRequested })
    try StandardOutput.write(JSONOptions.encode(sample))
  }
}
