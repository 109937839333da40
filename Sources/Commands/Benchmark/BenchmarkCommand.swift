internal import ArgumentParser
internal import Benchmarks
internal import Compute
internal import Logging
internal import Models
internal import Text

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Measures the time and memory of fits and predictions.",
    usage: "atelier benchmark [<options>]",
    discussion: """
      Measures every kind of model, with the settings of `atelier quickstart` if it has them. Each measurement runs in \
      a separate process, which has its own peak memory. The result is the median of the repetitions.

      Example:  atelier benchmark --models forest,tree --repetitions 5
      """)

  @Option(
    help: ArgumentHelp(
      "Models to measure, separated by commas (default: all).",
      valueName: "list"))
  var models: ModelKindList?

  @Option(help: ArgumentHelp("Number of measurements of each model.", valueName: "n"))
  var repetitions = 3

  @Option(help: ArgumentHelp("Number of epochs of the convolutional network.", valueName: "n"))
  var epochs = 1

  @Option(
    help: ArgumentHelp(
      """
      Measure the training time until the standard network reaches this accuracy on the test images, with five seeds \
      and a short training, instead.
      """, valueName: "accuracy"))
  var toAccuracy: Double?

  @Flag(help: "Measure two local workers against one process, and a sweep, instead.")
  var cluster = false

  @Flag(
    help: ArgumentHelp(
      "Measure network training by two workers on separate hosts against workers on this host, instead.",
      discussion: "The hosts are network namespaces, which require root."))
  var network = false

  @Option(help: ArgumentHelp("With --network: bandwidth of each link.", valueName: "Gbit/s"))
  var linkRate = 1.0

  @Option(help: ArgumentHelp("With --network: one-way delay of each link.", valueName: "ms"))
  var linkDelay = 1.0

  @Option(help: ArgumentHelp("With --network: batch size, in images.", valueName: "n"))
  var batch = 256

  @Flag(help: "Simulate the limits of a cluster of up to 1000 workers, instead.")
  var simulate = false

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var computeOptions: ComputeOptions
  @OptionGroup var jsonOptions: JSONOptions

  func validate() throws {
    if !(1...1000).contains(repetitions) {
      throw ValidationError("--repetitions must be from 1 to 1000, not \(repetitions)")
    }
    if let toAccuracy, !(0...1 ~= toAccuracy) {
      throw ValidationError("--to-accuracy must be from 0 to 1, not \(toAccuracy)")
    }
    let kinds = [
      ("--to-accuracy", toAccuracy != nil), ("--cluster", cluster), ("--network", network), ("--simulate", simulate),
    ]
    .filter(\.1).map(\.0)
    if kinds.count > 1 { throw ValidationError("\(kinds[0]) and \(kinds[1]) cannot be combined") }
    if epochs < 1 { throw ValidationError("--epochs must be at least 1, not \(epochs)") }
    if batch < 1 { throw ValidationError("--batch must be at least 1, not \(batch)") }
    if !(0.001...1_000 ~= linkRate) { throw ValidationError("--link-rate must be from 0.001 to 1000 Gbit/s") }
    if !(0...10_000 ~= linkDelay) { throw ValidationError("--link-delay must be from 0 to 10000 ms") }
  }

  func run() throws {
    Interruption.watch()
    try jsonOptions.check()
    do {
      if simulate {
        let result = SimulationBenchmark.run()
        try jsonOptions.write(result, text: SimulationBenchmark.text(result))
      } else if let toAccuracy {
        let benchmark = AccuracyBenchmark(
          target: toAccuracy, dataset: try dataOptions.request.load(computeOptions),
          context: try computeOptions.makeContext(),
          log: { computeOptions.logger.info("\($0)") }, isStopped: { Interruption.isRequested })
        let result = try benchmark.run()
        try jsonOptions.write(result, text: result.text)
      } else if network {
        let result = try networkBenchmark.run()
        try jsonOptions.write(result, text: NetworkBenchmark.text(result))
      } else if cluster {
        let results = try clusterBenchmark().run()
        try jsonOptions.write(results, text: ClusterBenchmark.table(results).text)
      } else {
        let results = try modelBenchmark.run()
        try jsonOptions.write(results, text: BenchmarkResult.table(results).text)
      }
    } catch let failure as ProcessFailure {
      throw ExitCode(failure.status ?? ExitStatus.software)
    }
  }

  private var networkBenchmark: NetworkBenchmark {
    NetworkBenchmark(
      data: dataOptions.request.absoluteArguments, gigabits: linkRate, delayMilliseconds: linkDelay,
      repetitions: repetitions, epochs: epochs, batch: batch, log: { computeOptions.logger.info("\($0)") },
      isStopped: { Interruption.isRequested })
  }

  private func clusterBenchmark() throws -> ClusterBenchmark {
    ClusterBenchmark(
      dataset: try dataOptions.request.load(computeOptions), context: try computeOptions.makeContext(),
      repetitions: repetitions, epochs: epochs, dataArguments: dataOptions.request.absoluteArguments,
      log: { computeOptions.logger.info("\($0)") },
      isStopped: { Interruption.isRequested })
  }

  private var modelBenchmark: ModelBenchmark {
    var arguments = dataOptions.request.absoluteArguments
    if let threads = computeOptions.threads { arguments += ["--threads", "\(threads)"] }
    return ModelBenchmark(
      kinds: models?.kinds ?? ModelKind.allCases, repetitions: repetitions, epochs: epochs,
      threads: computeOptions.threads ?? availableCores(), arguments: arguments,
      log: { computeOptions.logger.info("\($0)") }, isStopped: { Interruption.isRequested })
  }
}

/// Kinds of model, separated by commas.
struct ModelKindList: ExpressibleByArgument {
  let kinds: [ModelKind]

  static var allValueStrings: [String] { ModelKind.allCases.map(\.rawValue) }

  init?(argument: String) {
    let words = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    kinds = words.compactMap(ModelKind.init(rawValue:))
    if kinds.count != words.count { return nil }
  }
}
