internal import Compute
internal import Files
internal import Foundation
internal import Pipeline
internal import Progress
internal import Synchronization

/// What `atelier status` shows of a command that computes on this host.
struct RunStatus: Codable, Sendable {
  struct Worker: Codable, Sendable {
    let host: String
    let process: Int
    let threads: Int
    let activity: String
    /// Tasks or images per second.
    let rate: Double
    let bytesSent: Int
    /// The time in which it waited for other workers, in training together.
    let waitingSeconds: Double
    /// Milliseconds since its last message.
    let lastSeen: Int
  }

  /// The name of the run, or the file of its model if that is not in `runs/`; nil before it is known.
  var run: String?
  var process = getpid()
  /// The time at which the command began, as in ISO 8601.
  var start = Date().formatted(.iso8601)
  /// The name of the current step, such as `forest`.
  var step = "loading data"
  var done = 0
  var total = 0
  var unit = ""
  var epoch: Int?
  var epochs: Int?
  /// The message about missing workers; nil if the step does not wait for any.
  var waiting: String?
  var workers: [Worker] = []

  mutating func set(_ step: String, _ progress: ClusterProgress) {
    self.step = step
    (done, total, unit) = (progress.fit.done, progress.fit.total, progress.fit.unit.rawValue)
    (epoch, epochs, waiting) = (progress.fit.epoch, progress.fit.epochs, progress.waiting)
    workers = progress.workers.map {
      Worker(
        host: $0.host, process: $0.process, threads: $0.threads, activity: $0.activity, rate: $0.rate,
        bytesSent: $0.bytesSent, waitingSeconds: $0.waitingSeconds, lastSeen: $0.lastSeen)
    }
  }
}

/// The local socket on which a command reports its status to `atelier status`. Only processes of the same user can
/// connect, because the socket is in a folder that only the user can enter.
enum StatusSocket {
  private static let current = Mutex(RunStatus())
  private static let path = Mutex<String?>(nil)

  /// The folder of the sockets; nil if it cannot be made, or others can write to it.
  static func folder(environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
    var base = "/tmp/atelier-status-\(geteuid())"
    if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/"), access(runtime, W_OK) == 0 {
      base = "\(runtime)/atelier"
    }
    mkdir(base, 0o700)
    var status = stat()
    // Another user may have made the folder in /tmp.
    guard lstat(base, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
      status.st_mode & 0o077 == 0
    else { return nil }
    return base
  }

  /// Begins to answer. Without a socket, for example on a full disk, the command runs without a status.
  static func open() {
    guard path.withLock({ $0 == nil }), let folder = folder() else { return }
    let place = "\(folder)/\(getpid()).socket"
    unlink(place)
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard listener >= 0 else { return }
    guard withAddress(of: place, { bind(listener, $0, $1) }) == 0, listen(listener, 8) == 0,
      (try? SystemThread.start("atelier-status", { answer(listener) })) != nil
    else {
      Foundation.close(listener)
      unlink(place)
      return
    }
    path.withLock { $0 = place }
  }

  /// Removes the socket.
  static func close() {
    path.withLock { path in
      if let place = path { unlink(place) }
      path = nil
    }
  }

  /// Sets the name of the run.
  /// - Parameter path: the folder of the run, or the file of the model
  static func setFile(_ path: String) {
    let base = RunFolders.standard.base + "/"
    update { $0.run = path.hasPrefix(base) ? String(path.dropFirst(base.count).prefix { $0 != "/" }) : path }
  }

  static func update(_ change: (inout RunStatus) -> Void) { current.withLock { change(&$0) } }

  private static func answer(_ listener: Int32) {
    while true {
      let client = accept(listener, nil, nil)
      if client < 0 {
        // Too many open files, or an interrupted call.
        usleep(10_000)
        continue
      }
      var timeout = timeval(tv_sec: 2, tv_usec: 0)
      setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      if let bytes = try? JSONEncoder().encode(current.withLock { $0 }) {
        try? FileTransfer.write(Array(bytes), to: client)
      }
      Foundation.close(client)
    }
  }

  /// Calls `body` with the address of a path; returns -1 if it is too long.
  private static func withAddress(of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8) + [0]
    return withUnsafeMutableBytes(of: &address) { raw in
      let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)!
      guard offset + bytes.count <= raw.count else { return -1 }
      UnsafeMutableRawBufferPointer(rebasing: raw[offset...]).copyBytes(from: bytes)
      return raw.withMemoryRebound(to: sockaddr.self) { body($0.baseAddress!, socklen_t(raw.count)) }
    }
  }

  // MARK: Reading

  private static let maxBytes = 8 << 20

  /// Returns the status of all commands of this user on this host. Sockets of commands that were killed are removed.
  static func all() -> [RunStatus] {
    guard let folder = folder() else { return [] }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
      $0.hasSuffix(".socket")
    }
    return names.compactMap { read("\(folder)/\($0)") }.sorted { ($0.start, $0.process) < ($1.start, $1.process) }
  }

  private static func read(_ path: String) -> RunStatus? {
    let file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard file >= 0 else { return nil }
    defer { Foundation.close(file) }
    var timeout = timeval(tv_sec: 5, tv_usec: 0)
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    guard withAddress(of: path, { connect(file, $0, $1) }) == 0 else {
      if errno == ECONNREFUSED { unlink(path) }
      return nil
    }
    let bytes = try? [UInt8](atMost: maxBytes) { buffer throws(SystemError) in
      try FileTransfer.read(buffer, from: file)
    }
    return bytes.flatMap { try? JSONDecoder().decode(RunStatus.self, from: Data($0)) }
  }
}
