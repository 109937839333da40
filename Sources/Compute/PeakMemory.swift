internal import Foundation

/// The most memory that a process has had since its start, or since ``resetPeakMemory(of:)``: the line `VmHWM:  123456 kB` of
/// /proc/PID/status.
/// - Parameter process: its number; nil for this one.
/// - Returns: bytes; 0 where it is not known.
package func peakMemory(of process: Int32? = nil) -> Int {
  guard let status = try? String(contentsOfFile: "\(folder(of: process))/status", encoding: .utf8),
    let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
  else { return 0 }
  return line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first.map { $0 * 1024 } ?? 0
}

/// From now on, ``peakMemory(of:)`` tells the most since now. Where the system does not allow it, nothing happens.
package func resetPeakMemory(of process: Int32? = nil) {
  // See proc(5): 5 resets the peak resident set size.
  try? Data("5".utf8).write(to: URL(fileURLWithPath: "\(folder(of: process))/clear_refs"))
}

private func folder(of process: Int32?) -> String { "/proc/" + (process.map(String.init) ?? "self") }
