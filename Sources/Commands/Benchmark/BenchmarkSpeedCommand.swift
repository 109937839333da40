internal import ArgumentParser
internal import Benchmarks
internal import Cluster
internal import Compute
internal import Foundation
internal import Models

/// Runs one measurement of `atelier benchmark --network`: a coordinator that waits for two workers, trains, and prints
/// a ``TrainingSpeed`` as JSON.
struct BenchmarkSpeedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "benchmark-speed", shouldDisplay: false)

  @Option var epochs: Int
  @Option var batch: Int
  @OptionGroup var clusterOptions: ClusterOptions
  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var computeOptions: ComputeOptions

  func run() throws {
    Interruption.watch()
    let parent = getppid()
    var network = NetworkSettings()
    (network.epochs, network.batch) = (epochs, batch)
    let dataset = try dataOptions.request.load(computeOptions)
    let context = try computeOptions.makeContext()
    let settings = try clusterOptions.settings(threads: context.team.count, joinsJob: false) { _ in }
    let cluster = try Cluster(settings, on: context) { _ in }
    defer { cluster.close() }
    let speed = try TrainingSpeed(
      network, dataset, by: cluster, isStopped: { Interruption.isRequested || getppid() != parent })
    try StandardOutput.write(JSONOptions.encode(speed))
  }
}
