import Datasets
import Foundation
import Testing

/// Runs the built `atelier` as a user does.
struct AtelierProcess {
  let status: Int32
  let output: String
  let errors: String

  /// The executable stands beside the tests' resources.
  static let executable = Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("atelier")

  /// - Parameters:
  ///   - folder: the working folder, and where output is caught.
  ///   - output: the file that standard output goes to, if it is not to be caught.
  @discardableResult init(
    _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:], output: String? = nil
  ) throws {
    let started = try Started(arguments, in: folder, environment: environment, output: output)
    self = try started.wait()
  }

  /// A process that runs.
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
      // Without HOME, the home directory of the password file would be used, which is not for tests.
      process.environment = ["PATH": "/usr/bin:/bin", "COLUMNS": "80", "HOME": folder.home]
        .merging(environment) { _, new in new }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = try FileHandle(forWritingTo: output.map { URL(fileURLWithPath: $0) } ?? self.output)
      process.standardError = try FileHandle(forWritingTo: errors)
      // Threads of tests block signals, which a process inherits: a shell would then wait for SIGCHLD forever.
      var (none, mask) = (sigset_t(), sigset_t())
      sigemptyset(&none)
      pthread_sigmask(SIG_SETMASK, &none, &mask)
      defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
      try process.run()
    }

    var errorsSoFar: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

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

/// A folder for one test's files, removed with it.
final class TemporaryFolder {
  let path: String
  /// Where processes' output is caught: not among the test's files.
  let captured: String

  init() throws {
    let root = NSTemporaryDirectory() + "atelier-test-\(UUID().uuidString)"
    (path, captured) = (root + "/work", root + "/captured")
    for folder in [path, captured] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

  /// The home directory of its processes, with the user's own key.
  var home: String { captured + "/home" }
  func file(_ name: String) -> String { path + "/" + name }
  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file(name))) }
  func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: file(name))) }
  var names: [String] { names(in: "") }
  func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: file(folder))) ?? []).sorted()
  }
}

/// Three classes of 8x8 images, told apart by the rows that are bright, with some noise.
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

  /// The image of a number; its class is the rest after division by three.
  static func image(_ number: Int) -> [UInt8] {
    (0..<side * side).map { pixel in
      let noise = UInt8((number * 7 + pixel * 13 + number * pixel) % 50)
      return noise + (pixel / side / 3 == number % classes ? 180 : 0)
    }
  }

  /// - Parameter width: other than the data's for an image that is not like them.
  static func writeImage(_ number: Int, width: Int = side, to path: String) throws {
    let shape = ImageShape(height: side * side / width, width: width, channels: 1)
    try PNGImage(shape: shape, pixels: image(number)).write(path)
  }
}

extension Process {
  /// The processes that it has started, as the system lists them: a coordinator's local workers.
  var children: [pid_t] {
    let path = "/proc/\(processIdentifier)/task"
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return tasks.flatMap { task -> [pid_t] in
      let text = (try? String(contentsOfFile: "\(path)/\(task)/children", encoding: .utf8)) ?? ""
      return text.split(separator: " ").compactMap { pid_t($0) }
    }
  }
}

/// A port that nobody listens at now.
func freePort() -> UInt16 {
  let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(file) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(file, $0, length)
      _ = getsockname(file, $0, &length)
    }
  }
  return UInt16(bigEndian: address.sin_port)
}
