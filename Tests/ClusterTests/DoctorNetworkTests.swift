import Cluster
import Compute
import Coordination
import Foundation
import SwiftProtobuf
import Synchronization
import Testing
import Transport

/// Tests what the doctor finds out about large messages, other workers and join tokens.
struct DoctorNetworkTests {
  /// Calls `body` with the address of a thread that answers probes like a coordinator.
  /// - Parameters:
  ///   - passesLarge: Whether large messages arrive; a path with a smaller MTU than the interfaces drops them.
  ///   - workers: The endpoints of other workers.
  private func withCoordinator(
    passesLarge: Bool = true, workers: [String] = [], _ body: (Endpoint) throws -> Void
  ) throws {
    let address = Mutex<Endpoint?>(nil)
    let isEnding = Mutex(false)
    let (ready, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    Thread {
      defer { _ = ended.signal() }
      guard let socket = try? Socket(.router, in: SocketContext()),
        let bound = try? socket.bind(Endpoint("tcp://127.0.0.1:*"))
      else {
        ready.signal()
        return
      }
      address.withLock { $0 = bound }
      ready.signal()
      while !isEnding.withLock({ $0 }) {
        socket.wait(milliseconds: 20)
        guard let frames = socket.receive(frames: 3), frames.count >= 2,
          let message: WorkerMessage = MessageCodec.decode(frames[1])
        else { continue }
        let isLarge = message.probe.echo > 0
        if isLarge, !passesLarge { continue }
        let answer = CoordinatorMessage.with {
          $0.protocol = MessageCodec.version
          $0.probeAnswer.clock = UInt64(Date().timeIntervalSince1970 * 1_000_000)
          ($0.probeAnswer.numerics, $0.probeAnswer.exchangeEndpoints) = (numericsVersion, workers)
        }
        let echo = isLarge ? [Frame([UInt8](repeating: 0, count: Int(message.probe.echo)))] : []
        socket.send([frames[0], MessageCodec.encode(answer)] + echo)
      }
    }.start()
    ready.wait()
    defer {
      isEnding.withLock { $0 = true }
      ended.wait()
    }
    try body(try #require(address.withLock { $0 }))
  }

  @Test func reportsThatLargeMessagesDoNotPass() throws {
    try withCoordinator(passesLarge: false) { endpoint in
      let last = try #require(Doctor.examine(endpoint, keys: nil, timeout: 300).last)
      #expect(last.step == "mtu" && !last.isWell && last.text.contains("small messages pass, but not large ones"))
    }
  }

  @Test func reportsUnreachableWorkers() throws {
    let (descriptor, port) = boundLoopbackSocket()
    defer { close(descriptor) }
    let workers = ["tcp://127.0.0.1:\(port)", "ipc:///tmp/x", "nonsense"]
    try withCoordinator(workers: workers) { endpoint in
      let findings = Doctor.examine(endpoint, keys: nil, timeout: 300)
      let last = try #require(findings.last)
      #expect(
        last.step == "workers" && !last.isWell && last.text.contains("cannot connect to tcp://127.0.0.1:\(port),"))
      #expect(findings.dropLast().allSatisfy(\.isWell) && findings.map(\.step).contains("mtu"))
    }
    listen(descriptor, 1)
    try withCoordinator(workers: workers) { endpoint in
      let last = try #require(Doctor.examine(endpoint, keys: nil, timeout: 300).last)
      #expect(last.isWell && last.text.contains("1 connected worker can be reached"), "\(last)")
    }
  }

  @Test func reportsExpiredToken() throws {
    let token = try JoinToken(
      coordinator: KeyPair().publicKey, addresses: [Endpoint("tcp://127.0.0.1:9")], secret: Secret(), expiry: 1_000)
    let findings = Doctor.examine(token, timeout: 300)
    #expect(findings.count == 1 && findings[0].step == "token" && !findings[0].isWell)
    #expect(findings[0].text.contains("has expired by this host's clock"))
  }

  @Test func examinesLimitsOfHost() {
    let findings = HostChecks.findings()
    #expect(findings.map(\.step) == ["files", "shared memory", "processors"])
  }

  @Test(.enabled(if: access("/dev/shm", F_OK) == 0)) func reportsFreeMemoryOfDevice() throws {
    let text = HostChecks.sharedMemory(isAvailable: true).text
    let reported = try #require(Int(text.firstMatch(of: #/([0-9]+) MiB free/#)?.1 ?? ""))
    var status = statvfs()
    #expect(statvfs("/dev/shm", &status) == 0)
    // Other processes may use it meanwhile.
    let free = Int(status.f_bavail) / 1_024 * Int(status.f_frsize) / 1_024
    #expect(abs(reported - free) <= free / 2)
  }

  /// What is insufficient names the setting of each kind of container.
  @Test func explainsLimitsOfContainers() throws {
    let few = HostChecks.files(limit: 256)
    #expect(!few.isWell && few.text.contains("at most 256 open files") && few.text.contains("--ulimit nofile=65536"))
    #expect(few.text.contains("Kubernetes") && HostChecks.files(limit: 1_024).isWell)
    let none = HostChecks.sharedMemory(isAvailable: false)
    #expect(!none.isWell && none.text.contains("--security-opt seccomp=FILE") && none.text.contains("seccompProfile"))
    #expect(HostChecks.sharedMemory(isAvailable: true).isWell)
  }

  @Test(.enabled(if: ProcessInfo.processInfo.processorCount > 1)) func explainsLimitOfProcessors() throws {
    let folder = try TemporaryFolder()
    for (path, text) in [
      "proc/self/cgroup": "0::/\n", "proc/self/mountinfo": "31 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
      "proc/self/status": "Cpus_allowed_list:\t0-7\n", "sys/fs/cgroup/cpu.max": "50000 100000\n",
    ] {
      let file = URL(fileURLWithPath: "\(folder.path)/\(path)")
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    let finding = try #require(HostChecks.findings(root: folder.path).last)
    #expect(finding.text.hasPrefix("1 core of \(ProcessInfo.processInfo.processorCount) may be used: "), "\(finding)")
    #expect(finding.text.contains("limited to 1 core (cpu.max)"), "\(finding)")
    for name in ["--cpus", "resources.limits.cpu", "CPUQuota="] { #expect(finding.text.contains(name)) }
  }
}
