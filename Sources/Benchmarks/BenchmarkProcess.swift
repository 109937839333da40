internal import Compute
internal import Foundation

/// Another process of this program, to be measured.
enum BenchmarkProcess {
  /// Runs the process to its end, and interrupts it if this one is stopped.
  ///
  /// - Parameters:
  ///   - folder: the working folder; nil for that of this process
  ///   - isStopped: polled while the process runs
  /// - Returns: the output, which must fit into a pipe's buffer
  /// - Throws: `CancellationError` if stopped; ``ProcessFailure`` if the process fails
  static func run(_ arguments: [String], in folder: String? = nil, isStopped: () -> Bool) throws -> Data {
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
      if isStopped() { process.interrupt() }
      usleep(20_000)
    }
    if isStopped() { throw CancellationError() }
    try ProcessFailure.check(process)
    return output.fileHandleForReading.readDataToEndOfFile()
  }
}
