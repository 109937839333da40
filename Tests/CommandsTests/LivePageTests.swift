import Foundation
import Testing

/// The live page of a running command.
@Suite struct LivePageTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Waits until the process prints the address of its live page, and returns the port.
  private func port(_ run: AtelierProcess.Started) throws -> UInt16 {
    while run.process.isRunning {
      if let line = run.errorsSoFar.split(separator: "\n").first(where: { $0.hasPrefix("live page: ") }),
        let port = UInt16(line.dropLast().split(separator: ":").last ?? "")
      {
        return port
      }
      usleep(20_000)
    }
    throw CancellationError()
  }

  /// Returns the head and the body of the response from a server on loopback; empty if it cannot be reached.
  private func get(_ path: String, _ port: UInt16) -> String {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
    }
    guard connected == 0 else { return "" }
    let request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n".utf8)
    _ = write(socket, request, request.count)
    var answer: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = read(socket, &part, part.count), count > 0 { answer += part[..<count] }
    return String(decoding: answer, as: UTF8.self)
  }

  /// Waits until the page contains all texts or the process ends, and returns the last page received.
  private func page(showing texts: [String], _ run: AtelierProcess.Started, _ port: UInt16) -> String {
    var page = ""
    while run.process.isRunning, !texts.allSatisfy(page.contains) {
      page = get("/", port)
      usleep(50_000)
    }
    return page
  }

  @Test func pageFollowsTraining() throws {
    let data = try TinyData.write(into: folder, classNames: ["<b>cat</b>", "hen", "owl"])
    let run = try AtelierProcess.Started(
      ["train", "cnn", "--data", data, "--filters", "8,8", "--epochs", "100000", "--batch", "30", "--live", "0"],
      in: folder)
    let port = try port(run)
    #expect(get("/healthz", port).contains("\r\n\r\nok"))
    let titles = ["Progress", "Learning", "Grad-CAM"]
    let page = page(showing: titles, run, port)
    for title in titles { #expect(page.contains(title)) }
    #expect(page.contains("&lt;b&gt;cat&lt;/b&gt;") && !page.contains("<b>cat"))
    let metrics = get("/metrics", port)
    #expect(metrics.contains("# TYPE atelier_job_done gauge") && metrics.contains("atelier_epoch{job=\"cnn\"}"))
    #expect(get("/other", port).hasPrefix("HTTP/1.1 404"))
    run.process.interrupt()
    #expect(try run.wait().status == 130)
  }

  @Test func pageShowsWorkers() throws {
    let data = try TinyData.write(into: folder)
    let run = try AtelierProcess.Started(
      [
        "train", "cnn", "--data", data, "--filters", "8,8", "--epochs", "100000", "--batch", "30", "--workers", "2",
        "--live", "0",
      ], in: folder)
    let port = try port(run)
    let texts = ["Workers", "activity", "images of each batch", "sent, MB", "waited, s"]
    let page = page(showing: texts, run, port)
    for text in texts { #expect(page.contains(text)) }
    let names = ["sent_bytes_total", "waiting_seconds_total"]
    // Positive values of both workers, with the name of the host.
    try run.waitUntil {
      let metrics = get("/metrics", port)
      return names.allSatisfy { name in
        metrics.split(separator: "\n").count {
          $0.hasPrefix("atelier_worker_\(name){host=\"\(ProcessInfo.processInfo.hostName)\",process=\"")
            && Double($0.split(separator: " ").last ?? "") ?? 0 > 0
        } == 2
      }
    }
    run.process.interrupt()
    #expect(try run.wait().status == 130)
  }

  @Test func pageShowsTrialsOfSweep() throws {
    let data = try TinyData.write(into: folder)
    let run = try AtelierProcess.Started(
      ["sweep", "cnn", "--data", data, "--filters", "8;8,8;16", "--epochs", "300", "--batch", "16,30", "--live", "0"],
      in: folder)
    #expect(page(showing: ["Trials"], run, try port(run)).contains("Trials"))
    run.process.interrupt()
    _ = try run.wait()
  }

  @Test(arguments: ["nonsense", "localhost:x", "70000"]) func refusesInvalidAddress(address: String) throws {
    let run = try AtelierProcess(["train", "tree", "--live", address], in: folder)
    #expect(run.status == 64)
  }
}
