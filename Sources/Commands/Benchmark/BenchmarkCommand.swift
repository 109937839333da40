internal import ArgumentParser
internal import Compute
internal import EmulatedNetwork
internal import Evaluation
internal import Foundation
internal import Logging
internal import Models

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Measures time and memory of fits and predictions.",
    usage: "atelier benchmark [<options>]",
    discussion: """
      The models are those of `atelier quickstart`. Each measurement runs in a process of its own, so that its peak \
      memory is its own; medians of the repetitions are printed.

      Example:  atelier benchmark --models forest,tree --repetitions 5
      """)

  @Option(
    help: ArgumentHelp(
      "Which models: a list of \(all.map(\.rawValue).joined(separator: ", ")) (default: all).", valueName: "list"))
  var models: ModelKindList?

  @Option(help: ArgumentHelp("Measurements of each model.", valueName: "n"))
  var repetitions = 3

  @Option(help: ArgumentHelp("Epochs of the convolutional network.", valueName: "n"))
  var epochs = 1

  @Flag(help: "Measure instead what working together costs (two local workers against one process), and a sweep.")
  var cluster = false

  @Flag(
    help: ArgumentHelp(
      "Measure instead how fast two workers train the network when they are on hosts of their own, against loopback.",
      discussion: "The hosts are network namespaces, which needs root."))
  var network = false

  @Option(help: ArgumentHelp("With --network: how much each host can send.", valueName: "Gbit/s"))
  var linkRate = 1.0

  @Option(help: ArgumentHelp("With --network: how long what is sent takes to the other host.", valueName: "ms"))
  var linkDelay = 1.0

  @Option(help: ArgumentHelp("With --network: images of a step.", valueName: "n"))
  var batch = 256

  @Flag(help: "Compute instead, in simulated time, what limits a cluster of up to 1000 workers.")
  var simulate = false

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var computeOptions: ComputeOptions
  @OptionGroup var jsonOptions: JSONOptions

  private static var all: [ModelKind] { ReferenceModel.all.map(\.settings.kind) }

  func validate() throws {
    if !(1...1000).contains(repetitions) {
      throw ValidationError("--repetitions must be from 1 to 1000, not \(repetitions)")
    }
    if epochs < 1 { throw ValidationError("--epochs must be at least 1, not \(epochs)") }
    if batch < 1 { throw ValidationError("--batch must be at least 1, not \(batch)") }
    if !(0.001...1_000 ~= linkRate) { throw ValidationError("--link-rate must be from 0.001 to 1000 Gbit/s") }
    if !(0...10_000 ~= linkDelay) { throw ValidationError("--link-delay must be from 0 to 10000 ms") }
  }

  func run() throws {
    Interruption.watch()
    try jsonOptions.check()
    if simulate {
      let result = SimulationBenchmark.run()
      return try jsonOptions.write(result, text: SimulationBenchmark.text(result))
    }
    if network {
      let benchmark = NetworkBenchmark(
        data: ["--data", dataOptions.location],
        link: EmulatedNetwork.Link(bitsPerSecond: linkRate * 1e9, delay: .milliseconds(linkDelay)),
        repetitions: repetitions, epochs: epochs, batch: batch, log: { computeOptions.logger.info("\($0)") })
      let result = try benchmark.run()
      return try jsonOptions.write(result, text: NetworkBenchmark.text(result))
    }
    if cluster {
      let benchmark = ClusterBenchmark(
        dataset: try dataOptions.load(), context: try computeOptions.makeContext(), repetitions: repetitions,
        epochs: epochs, dataLocation: dataOptions.location, log: { computeOptions.logger.info("\($0)") })
      let results = try benchmark.run()
      return try jsonOptions.write(results, text: ClusterBenchmark.table(results).text)
    }
    var results: [BenchmarkResult] = []
    for kind in models?.kinds ?? Self.all {
      var samples: [BenchmarkSample] = []
      for repetition in 1...repetitions {
        computeOptions.logger.info("\(kind.rawValue): \(repetition) of \(repetitions)")
        samples.append(try measure(kind))
      }
      let model = Self.settings(kind, epochs: epochs)
      results.append(
        try BenchmarkResult(
          kind: kind, parameters: model.parameters, threads: computeOptions.threads ?? availableCores(),
          instructionSet: try InstructionSet.chosen().rawValue, samples: samples))
    }
    try jsonOptions.write(results, text: BenchmarkResult.table(results).text)
  }

  /// What is measured of a kind of model.
  static func settings(_ kind: ModelKind, epochs: Int) -> (settings: ModelSettings, parameters: String) {
    let original = ReferenceModel.all.first { $0.settings.kind == kind }!
    guard case .cnn(var settings) = original.settings else { return (original.settings, original.parameters) }
    settings.epochs = epochs
    let model = ReferenceModel(network: settings)
    return (model.settings, model.parameters)
  }

  /// Runs `atelier benchmark-sample` and reads what it prints.
  private func measure(_ kind: ModelKind) throws -> BenchmarkSample {
    var arguments = ["benchmark-sample", kind.rawValue, "--epochs", "\(epochs)", "--quiet"]
    if let data = dataOptions.data { arguments += ["--data", data] }
    if let threads = computeOptions.threads { arguments += ["--threads", "\(threads)"] }
    return try JSONDecoder().decode(BenchmarkSample.self, from: BenchmarkProcess.run(arguments))
  }
}

/// Kinds of model with commas between.
struct ModelKindList: ExpressibleByArgument {
  let kinds: [ModelKind]

  init?(argument: String) {
    let words = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    kinds = words.compactMap(ModelKind.init)
    if kinds.count != words.count { return nil }
  }
}
