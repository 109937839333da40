internal import Foundation

/// The control groups of this process (containers, services): its own group and the visible ancestors. Each limits all
/// of its descendants, so the smallest limit applies. Version 2 has one tree; version 1 has one for each controller.
package struct ControlGroups {
  /// Folders of version 2, the process's own first.
  private var unified: [String] = []
  /// Folders of version 1 by controller, the process's own first.
  private var legacy: [String: [String]] = [:]

  /// - Parameter root: a prefix of every path that is read
  package init(root: String = "") {
    guard let groups = Self.text("\(root)/proc/self/cgroup"), let mounts = Self.text("\(root)/proc/self/mountinfo")
    else { return }
    // The path of the group by controller; the name of version 2 is empty.
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

  /// Returns the folder of the group and its ancestors up to the mount point.
  private static func folders(_ path: String, _ mountRoot: String, _ mount: String) -> [String] {
    var parts = path.split(separator: "/").map(String.init)
    let above = mountRoot.split(separator: "/").map(String.init)
    // Within a container, the root of the mount may be the container's group, or the group may be outside the mount.
    if parts.starts(with: above) { parts.removeFirst(above.count) } else { parts = [] }
    if parts.contains("..") { parts = [] }
    return (0...parts.count).reversed().map { ([mount] + parts[..<$0]).joined(separator: "/") }
  }

  private static func number(_ path: String) -> Int? {
    text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  // MARK: Limits

  /// The limit in cores, rounded up; nil: no limit.
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

  /// The bytes that can still be allocated; nil: no limit. Cached files do not count as used, because the kernel evicts
  /// them.
  var memoryLeft: Int? {
    let new = unified.compactMap { Self.left($0, "memory.max", "memory.current", ["inactive_file", "active_file"]) }
    let old = (legacy["memory"] ?? []).compactMap {
      Self.left(
        $0, "memory.limit_in_bytes", "memory.usage_in_bytes", ["total_inactive_file", "total_active_file"])
    }
    return (new + old).min()
  }

  /// Version 1 reports at least this number if there is no limit.
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

  /// The smallest limit on processes and threads with fewer than 64 left; nil if no limit is that close.
  package var processLimit: Int? {
    (unified + (legacy["pids"] ?? [])).compactMap { folder -> Int? in
      guard let most = Self.number("\(folder)/pids.max"), let used = Self.number("\(folder)/pids.current") else {
        return nil
      }
      return most - used < 64 ? most : nil
    }.min()
  }
}
