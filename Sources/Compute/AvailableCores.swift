internal import Foundation

/// How many processor cores this process may use: its affinity mask, lowered by the limit of its control group (containers).
package func availableCores() -> Int {
  let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  let quota = try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8)
  let allowed = status.flatMap(coresInAffinityMask) ?? ProcessInfo.processInfo.activeProcessorCount
  return max(1, min(allowed, quota.flatMap(coresInQuota) ?? allowed))
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
  guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]), period > 0 else { return nil }
  return max(1, Int((quota / period).rounded(.up)))
}
