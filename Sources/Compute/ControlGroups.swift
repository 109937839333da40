internal import Foundation

/// The control groups of this process (containers, services): its own, and those above it as far as they can be seen. Each limits all below, so
/// the smallest limit counts. Version 2 has one tree; version 1 has one for each controller.
package struct ControlGroups {
  /// Folders of version 2, the process's own first.
  private var unified: [String] = []
  /// The same of version 1, by controller.
  private var legacy: [String: [String]] = [:]

  /// - Parameter root: stands before every path that is read
  package init(root: String = "") {
    guard let groups = Self.text("\(root)/proc/self/cgroup"), let mounts = Self.text("\(root)/proc/self/mountinfo")
    else { return }
    // By controller the group's path; that of version 2 has no name.
    var paths: [String: String] = [:]
    for line in groups.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      for controller in fields[1].split(separator: ",", omittingEmptySubsequences: false) {
        paths[String(controller)] = String(fields[2])
      }
    }
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ").map(String.init)
      guard let dash = fields.firstIndex(of: "-"), dash >= 5, fields.count > dash + 3 else { continue }
      let (mountRoot, mount) = (fields[3], root + fields[4].replacingOccurrences(of: "\\040", with: " "))
      switch fields[dash + 1] {
      case "cgroup2":
        if unified.isEmpty, let path = paths[""] { unified = Self.folders(path, mountRoot, mount) }
      case "cgroup":
        for controller in fields[dash + 3].split(separator: ",").map(String.init) where legacy[controller] == nil {
          if let path = paths[controller] { legacy[controller] = Self.folders(path, mountRoot, mount) }
        }
      default: break
      }
    }
  }

  private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

  /// The group's folder and those above it, up to the mount point.
  private static func folders(_ path: String, _ mountRoot: String, _ mount: String) -> [String] {
    var parts = path.split(separator: "/").map(String.init)
    let above = mountRoot.split(separator: "/").map(String.init)
    // Within a container, the mount's root may be the container's group, or outside of what can be seen.
    if parts.starts(with: above) { parts.removeFirst(above.count) } else { parts = [] }
    if parts.contains("..") { parts = [] }
    return (0...parts.count).reversed().map { ([mount] + parts[..<$0]).joined(separator: "/") }
  }

  private static func number(_ path: String) -> Int? {
    text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  // MARK: Limits

  /// Whole cores, a rest rounded up; nil: no limit.
  package var coreLimit: Int? {
    let new = unified.compactMap { Self.text("\($0)/cpu.max").flatMap(coresInQuota) }
    let old = (legacy["cpu"] ?? []).compactMap { folder -> Int? in
      guard let quota = Self.number("\(folder)/cpu.cfs_quota_us"), quota > 0,
        let period = Self.number("\(folder)/cpu.cfs_period_us")
      else { return nil }
      return coresInQuota("\(quota) \(period)")
    }
    return (new + old).min()
  }

  /// Bytes that may still be taken; nil: no limit. Cached files are given up for it.
  package var memoryLeft: Int? {
    let new = unified.compactMap { Self.left($0, "memory.max", "memory.current", ["inactive_file", "active_file"]) }
    let old = (legacy["memory"] ?? []).compactMap {
      Self.left(
        $0, "memory.limit_in_bytes", "memory.usage_in_bytes", ["total_inactive_file", "total_active_file"])
    }
    return (new + old).min()
  }

  /// Version 1 writes so large a number for no limit.
  private static let noLimit = 1 << 60

  private static func left(_ folder: String, _ limit: String, _ usage: String, _ caches: [String]) -> Int? {
    guard let most = number("\(folder)/\(limit)"), most < noLimit, let used = number("\(folder)/\(usage)") else {
      return nil
    }
    var cached = 0
    for line in (text("\(folder)/memory.stat") ?? "").split(separator: "\n") {
      let fields = line.split(separator: " ")
      if fields.count == 2, caches.contains(String(fields[0])), let bytes = Int(fields[1]) { cached += bytes }
    }
    return max(0, most - max(0, used - cached))
  }

  /// The smallest limit on processes and threads that is as good as reached; nil: none is.
  package var processLimit: Int? {
    (unified + (legacy["pids"] ?? [])).compactMap { folder -> Int? in
      guard let most = Self.number("\(folder)/pids.max"), let used = Self.number("\(folder)/pids.current") else {
        return nil
      }
      return most - used < 64 ? most : nil
    }.min()
  }
}
