import Datasets
import Foundation
import Testing

/// Runs the built `atelier` as a user does.
struct AtelierProcess {
  let status: Int32
  let output: String
  let errors: String

  /// The executable is next to the resource bundle of the tests.
  static let executable = Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("atelier")

  /// - Parameters:
  ///   - folder: the working folder; output is captured next to it
  ///   - output: the file that receives standard output instead of capturing it
  @discardableResult init(
    _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:], output: String? = nil,
    executable: URL = AtelierProcess.executable
  ) throws {
    let started = try Started(
      arguments, in: folder, environment: environment, output: output, executable: executable)
    self = try started.wait()
  }

  /// A running process.
  struct Started {
    let process = Process()
    private let output: URL
    private let errors: URL

    init(
      _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:], output: String? = nil,
      executable: URL = AtelierProcess.executable
    ) throws {
      let name = UUID().uuidString
      let captured = URL(fileURLWithPath: folder.captured)
      self.output = captured.appendingPathComponent("\(name).output")
      errors = captured.appendingPathComponent("\(name).errors")
      for file in [self.output, errors] { try Data().write(to: file) }
      process.executableURL = executable
      process.arguments = arguments
      process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
      // Without HOME, the process would use the home directory of the password file: the developer's own.
      process.environment = ["PATH": "/usr/bin:/bin", "COLUMNS": "80", "HOME": folder.home]
        .merging(environment) { _, new in new }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = try FileHandle(forWritingTo: output.map { URL(fileURLWithPath: $0) } ?? self.output)
      process.standardError = try FileHandle(forWritingTo: errors)
      // The process inherits the signals that the test's thread blocks: a shell would wait for SIGCHLD forever.
      var (none, mask) = (sigset_t(), sigset_t())
      sigemptyset(&none)
      pthread_sigmask(SIG_SETMASK, &none, &mask)
      defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
      try process.run()
    }

    var errorsSoFar: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    /// Waits until a condition holds, for at most five minutes; throws if the process ends before.
    func waitUntil(_ condition: () throws -> Bool) throws {
      for _ in 0..<30_000 {
        if try condition() { return }
        try #require(process.isRunning, "the process has ended: \(errorsSoFar)")
        usleep(10_000)
      }
      throw TimeoutError()
    }
    func wait() throws -> AtelierProcess {
      process.waitUntilExit()
      let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
      return AtelierProcess(
        status: status, output: try String(contentsOf: output, encoding: .utf8),
        errors: try String(contentsOf: errors, encoding: .utf8))
    }
  }

  private init(status: Int32, output: String, errors: String) {
    (self.status, self.output, self.errors) = (status, output, errors)
  }
}

/// A folder for the files of one test, removed with this object.
final class TemporaryFolder {
  let path: String
  /// The folder of captured output, outside `path`.
  let captured: String

  init() throws {
    let root = NSTemporaryDirectory() + "atelier-test-\(UUID().uuidString)"
    (path, captured) = (root + "/work", root + "/captured")
    for folder in [path, captured] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

  /// The home directory of processes in this folder; it holds the user's own key.
  var home: String { captured + "/home" }
  func file(_ name: String) -> String { path + "/" + name }
  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file(name))) }
  func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: file(name))) }
  var names: [String] { names(in: "") }
  func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: file(folder))) ?? []).sorted()
  }

  /// Runs a script with `/bin/sh`, in which `$ATELIER` is the executable.
  func shell(_ script: String) throws -> AtelierProcess {
    try AtelierProcess.Started(
      ["-c", script], in: self,
      environment: ["ATELIER": AtelierProcess.executable.path, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
      executable: URL(fileURLWithPath: "/bin/sh")
    ).wait()
  }
}

struct TimeoutError: Error {}

/// Waits until a condition holds, for at most five minutes.
func waitUntil(_ condition: () throws -> Bool) throws {
  for _ in 0..<30_000 {
    if try condition() { return }
    usleep(10_000)
  }
  throw TimeoutError()
}

/// Three classes of 8x8 images with noise; the rows that are bright determine the class.
struct TinyData {
  static let side = 8
  static let classes = 3

  /// Writes the four IDX files into a folder `data`, and returns its path.
  static func write(
    into folder: TemporaryFolder, train: Int = 90, test: Int = 30, classNames: [String] = ["cat", "hen", "owl"]
  ) throws -> String {
    let path = folder.file("data")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (prefix, count) in [("train", train), ("t10k", test)] {
      let labels = (0..<count).map { UInt8($0 % classes) }
      let dimensions = [count, side, side]
      try IDX.write(
        dimensions: dimensions, elements: (0..<count).flatMap(image), to: "\(path)/\(prefix)-images-idx3-ubyte")
      try IDX.write(dimensions: [count], elements: labels, to: "\(path)/\(prefix)-labels-idx1-ubyte")
    }
    try folder.write(classNames.joined(separator: "\n"), to: "data/classes.txt")
    return path
  }

  /// Returns the image of a number, whose class is the number modulo 3.
  static func image(_ number: Int) -> [UInt8] {
    (0..<side * side).map { pixel in
      let noise = UInt8((number * 7 + pixel * 13 + number * pixel) % 50)
      return noise + (pixel / side / 3 == number % classes ? 180 : 0)
    }
  }

  /// - Parameter width: differs from `side` to write an image of another shape
  static func writeImage(_ number: Int, width: Int = side, to path: String) throws {
    let shape = ImageShape(height: side * side / width, width: width, channels: 1)
    try RasterImage(shape: shape, pixels: image(number)).write(path)
  }
}

extension Process {
  /// The child processes of this process: the local workers of a coordinator.
  var children: [pid_t] {
    let path = "/proc/\(processIdentifier)/task"
    // Until it runs its own program, a child is a copy of this process, which waits for it: a child that is stopped
    // then would stop both.
    let own = Self.command(of: processIdentifier)
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return tasks.flatMap { task -> [pid_t] in
      let text = (try? String(contentsOfFile: "\(path)/\(task)/children", encoding: .utf8)) ?? ""
      return text.split(separator: " ").compactMap { pid_t($0) }
    }
    .filter { Self.command(of: $0) != own }
  }

  private static func command(of process: pid_t) -> String? {
    try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)
  }
}

/// Returns a port of loopback that is not in use.
func freePort() -> UInt16 {
  let (descriptor, port) = boundLoopbackSocket()
  close(descriptor)
  return port
}
