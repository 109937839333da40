internal import Foundation

/// How many processor cores this process may use: its affinity mask (which cpusets also set), lowered by the limits of its control groups
/// (containers).
/// - Parameter root: stands before every path that is read
package func availableCores(root: String = "") -> Int {
  let status = try? String(contentsOfFile: "\(root)/proc/self/status", encoding: .utf8)
  let allowed = status.flatMap(coresInAffinityMask) ?? ProcessInfo.processInfo.activeProcessorCount
  return max(1, min(allowed, ControlGroups(root: root).coreLimit ?? allowed))
}

/// The cores of the line `Cpus_allowed_list:	0-3,8` of /proc/self/status.
package func coresInAffinityMask(status: String) -> Int? {
  guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed_list:") }) else {
    return nil
  }
  var cores = 0
  for part in line.dropFirst("Cpus_allowed_list:".count).split(separator: ",") {
    let bounds = part.split(separator: "-").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    guard let first = bounds.first, let last = bounds.last, last >= first else { return nil }
    cores += last - first + 1
  }
  return cores > 0 ? cores : nil
}

/// Whole cores in a control group's `cpu.max` ("150000 100000" is one and a half, rounded up; "max 100000" is no limit).
package func coresInQuota(_ text: String) -> Int? {
  let fields = text.split(whereSeparator: \.isWhitespace)
  guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]), period > 0, quota >= 0 else {
    return nil
  }
  return Int(max(1, min((quota / period).rounded(.up), 1e6)))
}
