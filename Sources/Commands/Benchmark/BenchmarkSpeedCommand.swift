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
    var settings = NetworkSettings()
    (settings.epochs, settings.batch) = (epochs, batch)
    let dataset = try dataOptions.load()
    let context = try computeOptions.makeContext()
    let cluster = try Cluster(clusterOptions.settings(threads: context.team.count, joinsJob: false) { _ in }, on: context, log: { _ in })
    defer { cluster.close() }
    let speed = try TrainingSpeed(
      settings, dataset, by: cluster, isStopped: { Interruption.isRequested || getppid() != parent })
    try StandardOutput.write(JSONOptions.encode(speed))
  }
}
