internal import ArgumentParser
internal import Compute
internal import Foundation

/// Another process of this program, to be measured.
enum BenchmarkProcess {
  /// Runs the process to its end, and interrupts it if the user stops this one.
  ///
  /// - Parameter folder: the working folder; nil for that of this process
  /// - Returns: the output, which must fit into a pipe's buffer
  /// - Throws: `CancellationError` if stopped; `ExitCode` if the process fails, after reporting its error itself
  static func run(_ arguments: [String], in folder: String? = nil) throws -> Data {
    // If Foundation cannot start its monitoring thread, it would wait forever.
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
