internal import Foundation

/// Returns the number of processor cores that this process may use: those of its affinity mask (which cpusets also
/// set), limited by the quotas of its control groups (containers).
/// - Parameter root: a prefix of every path that is read
package func availableCores(root: String = "") -> Int {
  let status = try? String(contentsOfFile: "\(root)/proc/self/status", encoding: .utf8)
  let allowed = status.flatMap(coresInAffinityMask) ?? ProcessInfo.processInfo.activeProcessorCount
  return max(1, min(allowed, ControlGroups(root: root).coreLimit ?? allowed))
}

/// Returns the number of cores in the line `Cpus_allowed_list:	0-3,8` of /proc/self/status; nil if it is missing.
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

/// Returns the number of cores in a control group's `cpu.max`, rounded up: 2 for "150000 100000" (one and a half), nil
/// for "max 100000" (no limit).
package func coresInQuota(_ text: String) -> Int? {
  let fields = text.split(whereSeparator: \.isWhitespace)
  guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]), period > 0, quota >= 0 else {
    return nil
  }
  return Int(max(1, min((quota / period).rounded(.up), 1e6)))
}
