internal import Cluster
internal import Compute
internal import EmulatedNetwork
internal import Foundation
internal import Models
internal import Text
internal import Transport

/// Measures the training of the network by two workers with one thread each, on separate hosts that links join, against
/// the same processes over loopback. The hosts are network namespaces; traffic over links is encrypted, as between all
/// hosts.
package struct NetworkBenchmark {
  package struct Result: Encodable {
    let gigabits: Double
    let delayMilliseconds: Double
    /// The emulation of the links: "netem", or "a thread of this process".
    let linksAreHeldBy: String
    let batch: Int
    /// Images per second of each repetition, without encryption, as on one host.
    let loopback: [Double]
    let loopbackWithKeys: [Double]
    let links: [Double]
    /// The ratio of the medians of ``links`` and ``loopback``.
    let ratio: Double
    /// The fraction of one core that carrying packets between the hosts took during the measurement of ``links``.
    let carrierLoad: Double
    let digest: String
  }

  private enum Route: CaseIterable { case loopback, loopbackWithKeys, links }

  /// The arguments for the data set.
  let data: [String]
  let link: EmulatedNetwork.Link
  let repetitions: Int
  let epochs: Int
  let batch: Int
  let log: (String) -> Void
  /// Polled during the measurements.
  let isStopped: () -> Bool

  private static let port = 7_700

  /// - Parameters:
  ///   - data: the arguments for the data set
  ///   - gigabits: the rate of each link, in Gbit/s
  ///   - delayMilliseconds: the delay of each link in one direction
  ///   - log: receives messages about the progress
  ///   - isStopped: polled during the measurements
  package init(
    data: [String], gigabits: Double, delayMilliseconds: Double, repetitions: Int, epochs: Int, batch: Int,
    log: @escaping (String) -> Void, isStopped: @escaping () -> Bool
  ) {
    (self.data, self.repetitions, self.epochs, self.batch) = (data, repetitions, epochs, batch)
    link = EmulatedNetwork.Link(bitsPerSecond: gigabits * 1e9, delay: .milliseconds(delayMilliseconds))
    (self.log, self.isStopped) = (log, isStopped)
  }

  /// - Throws: ``BenchmarkError`` if the hosts cannot be created; ``ProcessFailure``; `CancellationError` if stopped
  package func run() throws -> Result {
    // Host 0 is that of the coordinator.
    let network: EmulatedNetwork
    do { network = try EmulatedNetwork(hosts: 3, link: link) } catch { throw BenchmarkError(error) }
    let folder = try ClusterFolder()
    defer { folder.remove() }
    try makeKeys(in: folder.path)
    var speeds: [Route: [Double]] = [:]
    var digests: Set<String> = []
    var (processorSeconds, seconds) = (0.0, 0.0)
    for repetition in 1...repetitions {
      for route in Route.allCases {
        log("\(repetition) of \(repetitions): \(name(route))")
        let (start, before) = (ContinuousClock.now, network.statistics.processorSeconds)
        let speed = try measure(route, network, keys: folder.path)
        if route == .links {
          seconds += (ContinuousClock.now - start) / .seconds(1)
          processorSeconds += network.statistics.processorSeconds - before
        }
        speeds[route, default: []].append(speed.imagesPerSecond)
        digests.insert(speed.digest)
      }
    }
    guard digests.count == 1 else { throw BenchmarkError.digestsDiffer(.cnn) }
    return Result(
      gigabits: link.bitsPerSecond / 1e9, delayMilliseconds: link.delay / .milliseconds(1),
      linksAreHeldBy: network.isHeldByKernel ? "netem" : "a thread of this process", batch: batch,
      loopback: speeds[.loopback]!, loopbackWithKeys: speeds[.loopbackWithKeys]!, links: speeds[.links]!,
      ratio: median(speeds[.links]!) / median(speeds[.loopback]!), carrierLoad: processorSeconds / seconds,
      digest: digests.first!)
  }

  private func name(_ route: Route) -> String {
    switch route {
    case .loopback: "loopback"
    case .loopbackWithKeys: "loopback, with keys"
    case .links: "links"
    }
  }

  private func makeKeys(in folder: String) throws {
    _ = try KeyFiles.create(named: "coordinator", in: "\(folder)/keys-0")
    for worker in 1...2 {
      _ = try KeyFiles.create(named: "worker-\(worker)", in: "\(folder)/keys-\(worker)")
      for (name, from, to) in [("coordinator", 0, worker), ("worker-\(worker)", worker, 0)] {
        try FileManager.default.copyItem(
          atPath: "\(folder)/keys-\(from)/\(name).public", toPath: "\(folder)/keys-\(to)/\(name).public")
      }
    }
  }

  private func measure(_ route: Route, _ network: EmulatedNetwork, keys folder: String) throws -> TrainingSpeed {
    let host = route == .links ? network.address(of: 0) : "127.0.0.1"
    func words(_ command: [String], keys: Int) -> [String] {
      let executable = "/proc/\(getpid())/exe"
      let secured = route == .loopback ? [] : ["--keys", "\(folder)/keys-\(keys)"]
      return network.command([executable] + command + secured + ["--quiet"], on: route == .links ? keys : 0)
    }
    var workers: [Process] = []
    defer { for worker in workers { Self.end(worker) } }
    let output = Pipe()
    let address = "tcp://\(host):\(Self.port)"
    let coordinator = try Self.start(
      words(
        ["benchmark-speed", "--epochs", "\(epochs)", "--batch", "\(batch)", "--listen", address, "--min-workers", "2"]
          + data,
        keys: 0), output: output)
    defer { Self.end(coordinator) }
    for worker in 1...2 {
      let command = ["worker", "--join", address, "--threads", "1", "--parent", "\(getpid())"]
      workers.append(try Self.start(words(command, keys: worker), output: nil))
    }
    while coordinator.isRunning {
      if isStopped() { throw CancellationError() }
      // A worker that has exited has reported its error on standard error.
      if workers.contains(where: { !$0.isRunning }) { throw ProcessFailure(status: nil) }
      usleep(20_000)
    }
    try ProcessFailure.check(coordinator)
    return try JSONDecoder().decode(TrainingSpeed.self, from: output.fileHandleForReading.readDataToEndOfFile())
  }

  private static func start(_ words: [String], output: Pipe?) throws -> Process {
    // If Foundation cannot start its monitoring thread, it would wait forever.
    try SystemThread.check(canStart: 2)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: words[0])
    process.arguments = Array(words.dropFirst())
    process.standardInput = FileHandle.nullDevice
    if let output { process.standardOutput = output } else { process.standardOutput = FileHandle.nullDevice }
    try process.run()
    return process
  }

  private static func end(_ process: Process) {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }

  package static func text(_ result: Result) -> String {
    var table = TextTable([.left, .right, .right], header: ["", "images/s", ""])
    let base = median(result.loopback)
    for (name, speeds) in [
      ("loopback", result.loopback), ("loopback, with keys", result.loopbackWithKeys),
      ("links, with keys", result.links),
    ] {
      table.add([name, formatted(median(speeds), digits: 0), formatted(100 * median(speeds) / base, digits: 1) + " %"])
    }
    return """
      Two workers with one thread each, batches of \(result.batch) images; links of \
      \(formatted(result.gigabits, digits: 2)) Gbit/s with a one-way delay of \
      \(formatted(result.delayMilliseconds, digits: 1)) ms, emulated by \(result.linksAreHeldBy)
      (which used \(formatted(100 * result.carrierLoad, digits: 0)) % of a core):

      \(table.text)
      """
  }
}
