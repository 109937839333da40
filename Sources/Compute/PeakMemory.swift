internal import Foundation

/// Returns the peak resident memory of a process since its start, or since ``resetPeakMemory(of:)``, from the line
/// `VmHWM:  123456 kB` of /proc/PID/status.
/// - Parameter process: the number of the process; nil: this process
/// - Returns: bytes; 0 if unknown
package func peakMemory(of process: Int32? = nil) -> Int {
  guard let status = try? String(contentsOfFile: "\(folder(of: process))/status", encoding: .utf8),
    let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
  else { return 0 }
  return line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first.map { $0 * 1024 } ?? 0
}

/// Resets the peak that ``peakMemory(of:)`` returns. Has no effect if the system does not permit it.
package func resetPeakMemory(of process: Int32? = nil) {
  // Writing 5 resets the peak resident set size: see proc(5).
  try? Data("5".utf8).write(to: URL(fileURLWithPath: "\(folder(of: process))/clear_refs"))
}

private func folder(of process: Int32?) -> String { "/proc/" + (process.map(String.init) ?? "self") }
