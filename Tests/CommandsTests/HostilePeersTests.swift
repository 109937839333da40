import Compute
import Coordination
import Foundation
import SwiftProtobuf
import Testing
import Transport

/// Hostile peers do not change the result: the coordinator ends with status 0 and the same model.
extension ClusterTests {
  private static let extremes: [UInt64] = [0, 1, 1 << 31, 1 << 32, 1 << 40, 1 << 48, 1 << 62, 1 << 63, .max - 1, .max]

  /// Returns a decodable message with extreme numbers.
  private func extremeMessage(_ worker: HostileWorker, _ random: inout RandomSequence) -> WorkerMessage {
    func number() -> UInt64 { Self.extremes[Int(random.next(below: UInt32(Self.extremes.count)))] }
    func isChosen() -> Bool { random.next(below: 3) == 0 }
    let job = isChosen() ? number() : worker.orders.job.id
    return .with { message in
      (message.protocol, message.worker) = (MessageCodec.version, worker.id)
      switch random.next(below: 6) {
      case 0, 1:
        message.status = worker.status()
        if isChosen() { message.status.tasksDone = number() }
        if isChosen() { message.status.profile.threads = UInt32(truncatingIfNeeded: number()) }
        message.status.membership = .with {
          $0.job = job
          ($0.generation, $0.step, $0.stopped, $0.agreedStep) = (number(), number(), isChosen(), number())
          ($0.waitedMilliseconds, $0.bytesSent, $0.droppedMessages) = (number(), number(), number())
          ($0.waitingFor, $0.waitingMilliseconds) = (number(), .max)
          ($0.progress.epoch, $0.progress.epochs) = (number(), number())
          ($0.progress.done, $0.progress.total, $0.progress.images) = (number(), number(), .max)
          ($0.progress.loss, $0.progress.validationAccuracy) = (.infinity, isChosen() ? 1 : Double(number()))
          $0.comparisons = [
            .with { ($0.step, $0.tensorDigests, $0.gradientDigests) = (number(), [number()], [number()]) }
          ]
        }
      case 2:
        message.result = .with {
          ($0.job, $0.chunk, $0.milliseconds) = (job, worker.orders.chunks.first?.id ?? number(), .max)
          ($0.bytes.count, $0.digest) = (number(), Data(repeating: 1, count: 32))
        }
      case 3: message.checkpoint = .with { ($0.job, $0.step, $0.finished) = (job, number(), isChosen()) }
      case 4:
        message.blobRequest = .with {
          ($0.digest, $0.offset, $0.count) = (
            Data(repeating: 1, count: 32), number(), UInt32(truncatingIfNeeded: number())
          )
        }
      default:
        message.uploadPart = .with { ($0.digest, $0.offset, $0.total) = (Data(), number(), number()) }
      }
    }
  }

  /// Workers with a valid key send undecodable messages and messages with extreme numbers. Then an honest worker joins.
  @Test(arguments: [1, 2] as [UInt64]) func hostileMessagesChangeNothing(seed: UInt64) throws {
    let expected = try expectedModel("forest")
    let port = freePort()
    let run = try train("forest", ["--listen", "tcp://127.0.0.1:\(port)"], output: "a.safetensors")
    defer { kill(run.process.processIdentifier, SIGKILL) }
    try waitUntil { run.errorsSoFar.contains("workers may join") }
    var random = RandomSequence(seed: seed, .test)
    for _ in 0..<8 {
      let hostile = try HostileWorker(joining: port, home: folder.home)
      #expect(try hostile.join())
      for _ in 0..<200 {
        hostile.receive()
        var bytes: [UInt8] = try extremeMessage(hostile, &random).serializedBytes()
        switch random.next(below: 4) {
        case 0: bytes = (0..<random.next(below: 300)).map { _ in UInt8(random.next(below: 256)) }
        case 1: bytes.removeLast(Int(random.next(below: UInt32(bytes.count))))
        default: break
        }
        let body = [UInt8](repeating: UInt8(random.next(below: 256)), count: Int(random.next(below: 5_000)))
        switch random.next(below: 8) {
        case 0: hostile.send(bytes)
        case 1: hostile.send(bytes, body, body, body)
        default: hostile.send(bytes, body)
        }
      }
      try hostile.leave()
    }
    #expect(run.process.isRunning, "\(run.errorsSoFar)")
    let worker = try worker(port)
    defer { kill(worker.process.processIdentifier, SIGKILL) }
    let ended = try run.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == expected)
    #expect(!ended.errors.contains("\u{1B}[31m"))
  }

  /// A worker is expelled after three results that are not trees (one of them with a wrong digest). Then another joins.
  @Test func invalidResultsNameTheirWorkerAndAreRecomputed() throws {
    let expected = try expectedModel("forest")
    let port = freePort()
    let run = try train("forest", ["--listen", "tcp://127.0.0.1:\(port)"], output: "a.safetensors")
    defer { kill(run.process.processIdentifier, SIGKILL) }
    let hostile = try HostileWorker(joining: port, home: folder.home)
    // The process that first needs the user's key creates it.
    #expect(try hostile.join())
    for attempt in 1...3 {
      let bytes = [UInt8](repeating: 1, count: 100)
      let isDamaged = attempt == 2
      try hostile.send(bytes) { message in
        message.result = .with {
          ($0.job, $0.chunk) = (hostile.orders.job.id, hostile.orders.chunks[0].id)
          $0.digest = Data(bytes.withUnsafeBytes { checksum(of: $0) })
          ($0.bytes.count, $0.bytes.digest) = (100, isDamaged ? Data(repeating: 0, count: 32) : $0.digest)
        }
      }
      try waitUntil {
        hostile.receive()
        return run.errorsSoFar.components(separatedBy: "which is computed again").count > attempt
      }
    }
    try expectExpulsion(of: hostile, from: run, port, model: expected)
  }

  /// Waits until the coordinator expels the worker, and expects that another worker completes the model.
  private func expectExpulsion(
    of hostile: HostileWorker, from run: AtelierProcess.Started, _ port: UInt16, model: Data
  ) throws {
    try waitUntil {
      hostile.receive()
      return hostile.refusal != nil
    }
    let worker = try worker(port)
    defer { kill(worker.process.processIdentifier, SIGKILL) }
    let ended = try run.wait()
    #expect(ended.status == 0 && ended.errors.contains("invalid result from mallory"), "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == model)
  }

  @Test func invalidCheckpointsNameTheirWorker() throws {
    let expected = try expectedModel("cnn")
    let port = freePort()
    let run = try train("cnn", ["--listen", "tcp://127.0.0.1:\(port)"], output: "a.safetensors")
    defer { kill(run.process.processIdentifier, SIGKILL) }
    let hostile = try HostileWorker(joining: port, home: folder.home)
    #expect(try hostile.join())
    try waitUntil {
      hostile.receive()
      try? hostile.send { message in
        message.status = hostile.status()
        message.status.membership = .with {
          ($0.job, $0.generation, $0.stopped) = (hostile.orders.job.id, hostile.orders.group.generation, true)
        }
        message.status.membership.progress.validationAccuracy = -1
      }
      return hostile.orders.group.begun
    }
    for step in 1...3 as ClosedRange<UInt64> {
      let bytes = [UInt8](repeating: 1, count: 100)
      try hostile.send(bytes) { message in
        message.checkpoint = .with {
          ($0.job, $0.step, $0.finished) = (hostile.orders.job.id, step, true)
          ($0.bytes.count, $0.bytes.digest) = (100, Data(bytes.withUnsafeBytes { checksum(of: $0) }))
        }
      }
    }
    try expectExpulsion(of: hostile, from: run, port, model: expected)
  }

  // MARK: Unknown peers

  /// Opens connections, at most `limit` at a time, for as long as a condition holds.
  fileprivate final class Flood: @unchecked Sendable {  // `wait` joins the thread
    private let ended = DispatchSemaphore(value: 0)
    private(set) var count = 0

    init(_ port: UInt16, limit: Int, greeting: [UInt8], while condition: @escaping @Sendable () -> Bool) {
      let thread = Thread { [self] in
        var files: [Int32] = []
        while condition() {
          files.append(Self.connect(port))
          count += 1
          if let last = files.last, last >= 0 {
            _ = greeting.withUnsafeBytes { Foundation.send(last, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
          }
          if files.count >= limit {
            usleep(1_000)
            close(files.removeFirst())
          }
        }
        for file in files { close(file) }
        ended.signal()
      }
      thread.start()
    }

    func wait() { ended.wait() }

    static func connect(_ port: UInt16) -> Int32 {
      let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      var address = sockaddr_in()
      (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      // Does not block while the listener's queue is full.
      var timeout = timeval(tv_sec: 0, tv_usec: 20_000)
      setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      _ = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Foundation.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      return file
    }
  }

  /// Unknown peers exhaust the descriptors again and again while checkpoints are written.
  @Test func unknownPeersThatExhaustDescriptorsChangeNothing() throws {
    let longer = ["--epochs", "400"]
    let expected = try expectedModel("cnn", longer)
    let port = freePort()
    let arguments = ["train", "cnn", "--filters", "8,16", "--dense", "16", "--batch", "16", "--data", data] + longer
    let run = try AtelierProcess.Started(
      ["-c", "ulimit -n 256; exec \"$0\" \"$@\"", AtelierProcess.executable.path] + arguments
        + ["--output", "a.safetensors", "--listen", "tcp://127.0.0.1:\(port)", "--workers", "2"],
      in: folder, executable: URL(fileURLWithPath: "/bin/sh"))
    defer { kill(run.process.processIdentifier, SIGKILL) }
    try waitUntil { run.errorsSoFar.components(separatedBy: "joined: ").count == 3 }
    let process = run.process.processIdentifier
    let flood = Flood(port, limit: 600, greeting: []) { kill(process, 0) == 0 && Self.isRunning(process) }
    let ended = try run.wait()
    flood.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == expected)
    #expect(flood.count >= 300)
  }

  /// Returns false for a zombie.
  private static func isRunning(_ process: pid_t) -> Bool {
    let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    return !text.isEmpty && !text.contains(") Z ")
  }

  /// Each peer sends ZMTP's greeting for CURVE, the header of a command of 500 MiB, and 16 MiB of its content.
  @Test func memoryForUnknownPeersIsBounded() throws {
    let port = freePort()
    let run = try train(
      "forest", ["--listen", "tcp://127.0.0.1:\(port)", "--min-workers", "99"], output: "a.safetensors")
    defer { kill(run.process.processIdentifier, SIGKILL) }
    try waitUntil { run.errorsSoFar.contains("workers may join") }
    func peak() throws -> Int {
      let text = try String(contentsOfFile: "/proc/\(run.process.processIdentifier)/status", encoding: .utf8)
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
      return try #require(Int(line.split(whereSeparator: { !$0.isNumber })[0]))
    }
    let before = try peak()
    let greeting =
      [0xFF] + [UInt8](repeating: 0, count: 8) + [0x7F, 3, 0] + Array("CURVE".utf8)
      + [UInt8](repeating: 0, count: 64 - 17)
    let header: [UInt8] = [0x06, 0, 0, 0, 0, 0x1F, 0x40, 0, 0]
    var files: [Int32] = []
    for _ in 0..<24 {
      let file = Flood.connect(port)
      files.append(file)
      let all = greeting + header + [UInt8](repeating: 5, count: 16 << 20)
      var sent = 0
      while sent < all.count {
        let count = all.withUnsafeBytes {
          Foundation.send(file, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
        }
        if count <= 0 { break }
        sent += count
      }
    }
    defer { for file in files { close(file) } }
    let growth = try peak() - before
    #expect(growth < 100 << 10, "\(growth) KiB more than \(before)")
    #expect(run.process.isRunning)
    kill(run.process.processIdentifier, SIGINT)
    #expect(try run.wait().status == 130)
  }

  /// Only processes of the same user can read the user's key.
  @Test(.enabled(if: geteuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0, "another user's process needs root"))
  func refusesWorkerOfAnotherUser() throws {
    let expected = try expectedModel("forest")
    let port = freePort()
    let run = try train("forest", ["--listen", "tcp://127.0.0.1:\(port)"], output: "a.safetensors")
    defer { kill(run.process.processIdentifier, SIGKILL) }
    try waitUntil { run.errorsSoFar.contains("workers may join") }
    let home = folder.file("other")
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    chown(home, 65_534, 65_534)
    let other = try AtelierProcess.Started(
      [
        "--reuid=65534", "--regid=65534", "--clear-groups", AtelierProcess.executable.path, "worker", "--join",
        "tcp://127.0.0.1:\(port)", "--threads", "1",
      ], in: folder, environment: ["HOME": home], executable: URL(fileURLWithPath: "/usr/bin/setpriv"))
    defer { kill(other.process.processIdentifier, SIGKILL) }
    try waitUntil { other.errorsSoFar.contains("rejects this worker's key") }
    try waitUntil { run.errorsSoFar.contains("failed the handshake") }
    #expect(run.process.isRunning && !run.errorsSoFar.contains("joined"))
    #expect(folder.names(in: "other/.cache").isEmpty)
    let own = try worker(port)
    defer { kill(own.process.processIdentifier, SIGKILL) }
    let ended = try run.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == expected)
  }

  @Test(arguments: [String(repeating: "x", count: 150), "a;b", "missing"])
  func avoidsTemporaryFolderThatCannotHoldSockets(name: String) throws {
    let expected = try expectedModel("forest")
    let base = name == "missing" ? "/no-such-folder" : folder.file("tmp-" + name)
    if !name.hasPrefix("missing") {
      try FileManager.default.createDirectory(atPath: base, withIntermediateDirectories: true)
    }
    let run = try train("forest", ["--workers", "2"], output: "a.safetensors", environment: ["TMPDIR": base]).wait()
    if name.hasPrefix("missing") {
      #expect(run.status == 69 && run.errors.contains("TMPDIR"), "\(run.errors)")
    } else {
      #expect(run.status == 0, "\(run.errors)")
      #expect(try folder.bytes("a.safetensors") == expected)
      #expect(folder.names(in: "tmp-" + name).isEmpty)
    }
  }

  @Test func workerListensAtGivenPortOfAllAddresses() throws {
    let expected = try expectedModel("cnn")
    let (port, exchange) = (freePort(), freePort())
    let run = try train("cnn", ["--listen", "tcp://127.0.0.1:\(port)", "--min-workers", "2"], output: "a.safetensors")
    let workers = try [worker(port, ["--exchange", "tcp://*:\(exchange)", "--advertise", "localhost"]), worker(port)]
    defer { for worker in workers { kill(worker.process.processIdentifier, SIGKILL) } }
    try waitUntil { Flood.connects(exchange) }
    let ended = try run.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == expected)
  }
}

extension ClusterTests.Flood {
  /// Returns whether a process listens at the port.
  fileprivate static func connects(_ port: UInt16) -> Bool {
    let file = connect(port)
    defer { close(file) }
    var (address, length) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
    return withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(file, $0, &length) == 0 }
    }
  }
}
