import Foundation
import Testing

/// What coordinator and worker report to systemd and to the probes of a container.
@Suite struct SupervisionTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func probe(_ state: String, _ file: String) throws -> AtelierProcess {
    try AtelierProcess(["probe", state], in: folder, environment: ["ATELIER_STATUS_FILE": folder.file(file)])
  }

  private func waitFor(_ state: String, _ file: String, status: Int32) throws {
    for _ in 0..<600 {
      if try probe(state, file).status == status { return }
      usleep(50_000)
    }
    throw TimeoutError()
  }

  @Test func probesFollowCoordinatorAndWorker() throws {
    let data = try TinyData.write(into: folder)
    let address = "tcp://127.0.0.1:\(freePort())"
    let worker = try AtelierProcess.Started(
      ["worker", "--join", address, "--threads", "1"], in: folder,
      environment: ["ATELIER_STATUS_FILE": folder.file("worker")])
    defer { worker.process.terminate() }
    try waitFor("alive", "worker", status: 0)
    let early = try probe("ready", "worker")
    #expect(early.status == 69 && early.output == "waiting for the coordinator at \(address)\n", "\(early.output)")
    // The second worker never joins.
    let coordinator = try AtelierProcess.Started(
      ["train", "forest", "--data", data, "--listen", address, "--min-workers", "2", "--output", "a"], in: folder,
      environment: ["ATELIER_STATUS_FILE": folder.file("coordinator")])
    try waitFor("ready", "coordinator", status: 0)
    try waitFor("ready", "worker", status: 0)
    #expect(try probe("alive", "coordinator").status == 0)
    coordinator.process.terminate()
    #expect(try coordinator.wait().status == 143)
    try waitFor("ready", "worker", status: 69)
    #expect(try probe("alive", "worker").status == 0)
    #expect(folder.names.filter { $0.contains("worker") } == ["worker"], "no partial file is left")
  }

  /// Local workers inherit the variable, and leave the file to the coordinator.
  @Test func localWorkersLeaveFileToCoordinator() throws {
    let data = try TinyData.write(into: folder)
    let run = try AtelierProcess(
      ["train", "forest", "--data", data, "--workers", "2", "--output", "a"], in: folder,
      environment: ["ATELIER_STATUS_FILE": folder.file("status")])
    #expect(run.status == 0, "\(run.errors)")
    #expect(try probe("ready", "status").status == 0)
  }

  @Test func probeExplainsFailures() throws {
    let missing = try probe("alive", "missing")
    #expect(missing.status == 66 && missing.errors.contains("has not started"), "\(missing.errors)")
    try folder.write("nonsense", to: "damaged")
    #expect(try probe("alive", "damaged").status == 65)
    try folder.write("ready 1 working with 2 workers\n", to: "hanging")
    for state in ["alive", "ready"] {
      let hanging = try probe(state, "hanging")
      #expect(hanging.status == 69 && hanging.output == "hanging: working with 2 workers\n")
    }
    let none = try AtelierProcess(["probe", "alive"], in: folder)
    #expect(none.status == 64 && none.errors.contains("--file"))
    let unwritable = try AtelierProcess(
      ["train", "forest", "--data", try TinyData.write(into: folder), "--output", "a"], in: folder,
      environment: ["ATELIER_STATUS_FILE": "/nowhere/status"])
    #expect(unwritable.status == 73 && unwritable.errors.contains("/nowhere/status"), "\(unwritable.errors)")
  }

  /// systemd waits for READY=1, shows STATUS, and ends a worker without WATCHDOG=1.
  @Test(arguments: ["path", "abstract"]) func workerNotifiesSystemd(kind: String) throws {
    let name = kind == "path" ? folder.file("notify") : "@atelier-test-\(getpid())"
    let socket = try NotificationReceiver(name)
    let address = "tcp://127.0.0.1:\(freePort())"
    let worker = try AtelierProcess.Started(
      ["worker", "--join", address, "--threads", "1"], in: folder, environment: ["NOTIFY_SOCKET": name])
    #expect(socket.next() == "READY=1\nSTATUS=looking for the coordinator")
    #expect(socket.next() == "STATUS=waiting for the coordinator at \(address)")
    #expect(socket.next() == "WATCHDOG=1")
    #expect(socket.next() == "WATCHDOG=1")
    worker.process.terminate()
    #expect(try worker.wait().status == 143)
    #expect((0..<30).contains { _ in socket.next() == "STOPPING=1" })
  }
}

/// A datagram socket like that of systemd.
private struct NotificationReceiver {
  private let descriptor: Int32

  init(_ name: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    try #require(bound == 0)
    // Only a failing test waits that long.
    var timeout = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Returns the next message; nil if none arrives.
  func next() -> String? {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }
}
