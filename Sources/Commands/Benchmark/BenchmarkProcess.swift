internal import ArgumentParser
internal import Compute
internal import Foundation

/// This program, started again to be measured.
enum BenchmarkProcess {
  /// Waits for its end, and ends it if the user wants to stop.
  ///
  /// - Parameters:
  ///   - folder: that it works in; nil: that of this process
  /// - Returns: what it printed, which must be little
  /// - Throws: `CancellationError` if stopped; `ExitCode` if it fails, when it has told why on standard error
  static func run(_ arguments: [String], in folder: String? = nil) throws -> Data {
    // Without a thread to watch over it, Foundation would wait forever.
    try SystemThread.check(canStart: 2)
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(
      fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    process.arguments = arguments
    process.standardOutput = output
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    try process.run()
    while process.isRunning {
      if Interruption.isRequested { process.interrupt() }
      usleep(20_000)
    }
    if Interruption.isRequested { throw CancellationError() }
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw ExitCode(process.terminationReason == .exit ? process.terminationStatus : ExitStatus.software)
    }
    return output.fileHandleForReading.readDataToEndOfFile()
  }
}
