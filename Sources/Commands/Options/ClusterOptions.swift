internal import ArgumentParser
internal import Cluster
internal import Compute
internal import Coordination
internal import Foundation
internal import Transport

/// Who works: this process, worker processes of this machine, or those of other hosts.
struct ClusterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Worker processes to start on this machine, which share its threads (default: none; this process works itself). \
      Never changes a result.
      """,
      valueName: "n"))
  var workers: Int?

  @Option(
    help: ArgumentHelp(
      "Let workers of other hosts join here: atelier worker --join tcp://HOST:PORT.", valueName: "tcp://host:port"))
  var listen: String?

  @Option(
    name: .customLong("await"),
    help: ArgumentHelp(
      "Wait for so many workers before anything begins (default: the local ones, else one).", valueName: "n"))
  var awaited: Int?

  @Option(
    help: ArgumentHelp(
      "Write what happens as it happens: one JSON object to a line, for machines.", valueName: "file"),
    completion: .file(extensions: ["jsonl"]))
  var events: String?

  @OptionGroup var keys: KeyOptions
  @OptionGroup var limits: LimitOptions

  func validate() throws {
    if let workers, !(0...256).contains(workers) {
      throw ValidationError("--workers must be from 0 to 256, not \(workers)")
    }
    if let awaited, !(1...10_000).contains(awaited) {
      throw ValidationError("--await must be from 1 to 10000, not \(awaited)")
    }
    if let awaited, listen == nil, awaited > max(workers ?? 0, 1) {
      throw ValidationError("--await \(awaited) would wait for ever: without --listen no other workers can join")
    }
  }

  /// - Parameters:
  ///   - threads: of this machine
  ///   - standardWorkers: how many, if the user does not say
  /// - Throws: ``TransportError``
  func settings(threads: Int, standardWorkers: Int = 0) throws -> ClusterSettings {
    if let events { try EventStream.open(events) }
    var settings = ClusterSettings(threads: threads)
    settings.workers = workers ?? (listen == nil ? standardWorkers : 0)
    settings.awaited = awaited
    (settings.limits, settings.workerOptions) = (limits.limits, limits.arguments)
    if let listen {
      let endpoint = try Endpoint(listen)
      settings.listen = endpoint
      if !endpoint.isLocal || keys.keys != nil { settings.keys = try keys.coordinatorKeys() }
    }
    return settings
  }
}

/// Where the keys are.
struct KeyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The folder of keys (default: \(KeyOptions.standardFolder)). It holds one's own NAME.secret, and NAME.public of \
      those who are trusted.
      """,
      valueName: "dir"),
    completion: .directory)
  var keys: String?

  static let standardFolder = "~/.config/atelier/keys"
  static let coordinatorName = "coordinator"

  var folder: String { keys ?? NSString(string: Self.standardFolder).expandingTildeInPath }

  func coordinatorKeys() throws(TransportError) -> CoordinatorKeys {
    let own = try KeyFiles.secret(at: "\(folder)/\(Self.coordinatorName).secret")
    // While there are others, a file without a key is told of when the folder is looked at again.
    let (keys, faults) = try KeyFiles.publicKeys(in: folder)
    let workers = keys.subtracting([own.publicKey])
    if workers.isEmpty, let fault = faults.first { throw fault }
    guard !workers.isEmpty else {
      throw TransportError(
        """
        \(folder) holds no worker's public key, so nobody could join: run `atelier keys` on each worker's host, and \
        copy its NAME.public here
        """
      )
    }
    return CoordinatorKeys(own: own, workers: workers, folder: folder)
  }

  /// The folder's only secret key, beside a coordinator's.
  func workerKeys() throws(TransportError) -> WorkerKeys {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
      $0.hasSuffix(".secret") && $0 != "\(Self.coordinatorName).secret"
    }
    guard names.count == 1 else {
      throw TransportError(
        names.isEmpty
          ? "\(folder) holds no secret key of a worker: `atelier keys` makes one"
          : """
          \(folder) holds several secret keys (\(names.sorted().joined(separator: ", "))): a worker has one; name \
          another folder by --keys
          """
      )
    }
    guard FileManager.default.fileExists(atPath: "\(folder)/\(Self.coordinatorName).public") else {
      throw TransportError(
        "\(folder) lacks \(Self.coordinatorName).public: copy it from the coordinator's folder of keys")
    }
    return WorkerKeys(
      own: try KeyFiles.secret(at: "\(folder)/\(names[0])"),
      coordinator: try KeyFiles.publicKey(at: "\(folder)/\(Self.coordinatorName).public"))
  }
}

/// How patient coordinator and workers are, and what they take from each other.
struct LimitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A worker that has said nothing for so long is given up, and its work done by others.",
      valueName: "milliseconds"))
  var silence = Limits().silence

  @Option(
    help: ArgumentHelp(
      "How often coordinator and workers tell each other how things stand.", valueName: "milliseconds",
      visibility: .hidden))
  var heartbeat = Limits().heartbeat

  @Option(
    help: ArgumentHelp(
      "A result that has not been taken after so long is sent again.", valueName: "milliseconds", visibility: .hidden))
  var retry = Limits().retry

  @Option(
    help: ArgumentHelp(
      "Workers that train together ask again for a message that is so late.", valueName: "milliseconds",
      visibility: .hidden))
  var exchangePatience = Limits().exchange

  @Option(
    help: ArgumentHelp(
      """
      Number of crashes, at least, before the work that workers crash at is quarantined. More are needed where workers \
      are lost at other work as well.
      """, valueName: "crashes", visibility: .hidden))
  var deaths = Limits().deaths

  @Option(
    help: ArgumentHelp("No message is larger; who sends one is cut off.", valueName: "MiB", visibility: .hidden))
  var messageSize = Limits().message >> 20

  func validate() throws {
    if !(10...60_000).contains(heartbeat) { throw ValidationError("--heartbeat must be from 10 to 60000 milliseconds") }
    if !(3 * heartbeat...3_600_000).contains(silence) {
      throw ValidationError("--silence must be at least three heartbeats (\(3 * heartbeat) ms), and at most an hour")
    }
    if !(10...600_000).contains(retry) { throw ValidationError("--retry must be from 10 to 600000 milliseconds") }
    if !(10...600_000).contains(exchangePatience) {
      throw ValidationError("--exchange-patience must be from 10 to 600000 milliseconds")
    }
    if !(1...1_000).contains(deaths) { throw ValidationError("--deaths must be from 1 to 1000") }
    if !(8...1 << 20).contains(messageSize) { throw ValidationError("--message-size must be from 8 to 1048576 MiB") }
  }

  var limits: Limits {
    var limits = Limits()
    (limits.heartbeat, limits.silence, limits.retry) = (heartbeat, silence, retry)
    (limits.exchange, limits.deaths, limits.message) = (exchangePatience, deaths, messageSize << 20)
    return limits
  }

  /// The same, on a command line.
  var arguments: [String] {
    [
      "--silence", "\(silence)", "--heartbeat", "\(heartbeat)", "--retry", "\(retry)",
      "--exchange-patience", "\(exchangePatience)", "--deaths", "\(deaths)", "--message-size", "\(messageSize)",
    ]
  }
}
