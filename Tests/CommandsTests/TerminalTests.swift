import Foundation
import Testing

/// Progress is a bar on a terminal, plain lines elsewhere, and absent with `--quiet`.
@Suite struct TerminalTests {
  let folder: TemporaryFolder
  let arguments: [String]

  init() throws {
    folder = try TemporaryFolder()
    let data = try TinyData.write(into: folder)
    arguments = [
      "train", "cnn", "--data", data, "--filters", "8", "--batch", "16", "--epochs", "60", "--output", "a.safetensors",
    ]
  }

  @Test func writesPlainLinesWithoutTerminal() throws {
    let run = try AtelierProcess(arguments, in: folder)
    #expect(run.status == 0)
    for text in [run.output, run.errors] {
      #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !(0..<32 ~= $0.value || $0.value == 127) })
    }
    #expect(run.errors.hasPrefix("data: 90 training and 30 test images of 8x8, 3 classes\n"))
    #expect(run.errors.contains("cnn: epoch 60 of 60, batch 5 of 5, "))
  }

  @Test func quietWritesNothingToStandardError() throws {
    let run = try AtelierProcess(arguments + ["--quiet"], in: folder)
    #expect(run.status == 0 && run.errors.isEmpty && run.output.hasPrefix("model     a.safetensors\n"))
  }

  @Test func terminalShowsAndRemovesProgressBar() throws {
    let text = try onTerminal(["TERM": "xterm"])
    let clear = "\r\u{1B}[K"
    #expect(text.components(separatedBy: clear + "cnn [").count > 3, "the bar is redrawn")
    #expect(text.contains("/400  ") && text.contains(" images/s"))
    #expect(text.hasSuffix(clear), "the bar is removed at the end")
    #expect(!text.contains("\u{1B}[3"), "no colors")
    let bars = text.components(separatedBy: clear).filter { $0.hasPrefix("cnn [") }
    #expect(bars.allSatisfy { $0.count < 80 && !$0.contains("\n") }, "every bar fits in 80 columns")
    let whole = bars.filter { $0.contains("  loss ") && $0.contains("  validation ") && $0.contains(" %  ") }
    #expect(!whole.isEmpty, "the bar shows the loss and the validation accuracy")
  }

  /// In 80 columns, the threads and other fields of less importance give way.
  @Test func terminalShowsWorkers() throws {
    let text = try onTerminal(["TERM": "xterm"], options: ["--workers", "2"])
    let lines = Self.workerLines(in: text).filter { $0.contains(" images of each batch") }
    #expect(lines.allSatisfy { $0.count < 80 && $0.contains("  \(ProcessInfo.processInfo.hostName.prefix(4))") })
    for field in [/[0-9]+\.[1-9] MB sent/, /(?:[1-9][0-9]*\.[0-9]|0\.[1-9]) s waited/] {
      #expect(lines.contains { $0.firstMatch(of: field) != nil }, "\(lines.last ?? "")")
    }
  }

  /// A name of 64 characters, the most that the system allows.
  @Test(.enabled(if: canNameHost, "requires root, for a UTS namespace"))
  func longHostNameIsShortenedInItsMiddle() throws {
    let name = "node-17." + String(repeating: "x", count: 44) + ".example.org"
    let text = try onTerminal(
      ["TERM": "xterm"], options: ["--workers", "2"],
      launcher: Self.namingHost + ["sh", "-c", "echo \(name) >/proc/sys/kernel/hostname; exec \"$@\"", "sh"])
    let lines = Self.workerLines(in: text)
    #expect(!lines.isEmpty && lines.allSatisfy { $0.count < 80 })
    for line in lines {
      #expect(
        line.firstMatch(of: /^  node[^ ]*…[^ ]*org [0-9]+  .+  [0-9.]+ MB sent  [0-9.]+ s waited/) != nil,
        "\(line)")
    }
  }

  private static let namingHost = ["/usr/bin/unshare", "--uts"]
  private static let canNameHost: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: namingHost[0])
    process.arguments = Array(namingHost.dropFirst()) + ["true"]
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  /// The lines of workers that train, in the order in which they were shown.
  private static func workerLines(in text: String) -> [Substring] {
    text.replacing(/\u{1B}\[[AK]/, with: "\n").split(whereSeparator: \.isNewline).filter { $0.contains(" MB sent") }
  }

  @Test func dumbTerminalHasPlainLines() throws {
    #expect(try !onTerminal(["TERM": "dumb"]).contains("\u{1B}"))
  }

  /// Returns what the command writes to standard error when that is a terminal.
  /// - Parameter launcher: a command that starts the command, which follows it
  private func onTerminal(
    _ environment: [String: String], options: [String] = [], launcher: [String] = []
  ) throws -> String {
    let (terminal, other) = try openTerminal()
    defer { close(terminal) }
    let process = Process()
    // 400 epochs take long enough for several bars, even on a busy machine.
    let words =
      launcher + [AtelierProcess.executable.path] + arguments.map { $0 == "60" ? "400" : $0 } + options
    process.executableURL = URL(fileURLWithPath: words[0])
    process.arguments = Array(words.dropFirst())
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle(fileDescriptor: other, closeOnDealloc: false)
    try process.run()
    close(other)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    // Reading fails once no process holds the other end.
    while case let count = read(terminal, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Opens a pseudo-terminal with `ioctl`: Swift's Glibc module lacks `posix_openpt`, `grantpt` and `unlockpt`.
  private func openTerminal() throws -> (terminal: Int32, other: Int32) {
    let (unlock, getNumber) = (UInt(0x4004_5431), UInt(0x8004_5430))  // TIOCSPTLCK, TIOCGPTN
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var (lock, number) = (Int32(0), Int32(0))
    try #require(terminal >= 0 && ioctl(terminal, unlock, &lock) == 0 && ioctl(terminal, getNumber, &number) == 0)
    let other = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(other >= 0)
    return (terminal, other)
  }
}
