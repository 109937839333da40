import Compute
import Testing

@Suite struct ControlGroupsTests {
  private static let cores = ["/proc/self/status": "Name:\tx\nVmSize:\t  1024 kB\nCpus_allowed_list:\t0-15\n"]

  private func cores(_ files: [String: String]) throws -> Int {
    try SystemTree.with(Self.cores.merging(files) { _, new in new }) { availableCores(root: $0) }
  }

  @Test func usesAffinityMaskWithoutControlGroups() throws {
    #expect(try cores([:]) == 16)
    #expect(try cores(["/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": SystemTree.unifiedMount]) == 16)
  }

  /// The limits of the process's own group and of its ancestors.
  @Test(arguments: [
    ("300000 100000", "max 100000", 3), ("max 100000", "150000 100000", 2), ("900000 100000", "400000 100000", 4),
  ])
  func usesSmallestQuotaOfNestedGroups(own: String, above: String, expected: Int) throws {
    #expect(
      try cores([
        "/proc/self/cgroup": "0::/user.slice/job.scope\n", "/proc/self/mountinfo": SystemTree.unifiedMount,
        "/sys/fs/cgroup/user.slice/job.scope/cpu.max": own, "/sys/fs/cgroup/user.slice/cpu.max": above,
      ]) == expected)
  }

  /// In a container, the mount shows only the container's group, as its root.
  @Test func findsGroupBelowRootOfMount() throws {
    let files = [
      "/proc/self/cgroup": "0::/docker/abc/inner\n",
      "/proc/self/mountinfo": "31 24 0:27 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
      "/sys/fs/cgroup/inner/cpu.max": "500000 100000", "/sys/fs/cgroup/cpu.max": "200000 100000",
    ]
    #expect(try cores(files) == 2)
  }

  @Test func usesRootOfMountForGroupOutsideIt() throws {
    let files = [
      "/proc/self/cgroup": "0::/../other\n", "/proc/self/mountinfo": SystemTree.unifiedMount,
      "/sys/fs/cgroup/cpu.max": "200000 100000",
    ]
    #expect(try cores(files) == 2)
  }

  @Test func readsQuotasOfVersion1() throws {
    let mounts = """
      40 32 0:35 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
      41 32 0:36 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct

      """
    var files = [
      "/proc/self/cgroup": "5:memory:/jobs\n4:cpu,cpuacct:/jobs/7\n", "/proc/self/mountinfo": mounts,
      "/sys/fs/cgroup/cpu,cpuacct/jobs/7/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu,cpuacct/jobs/7/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us": "250000\n",
      "/sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_period_us": "100000\n",
    ]
    #expect(try cores(files) == 3)
    files["/sys/fs/cgroup/cpu,cpuacct/jobs/7/cpu.cfs_quota_us"] = "50000\n"
    #expect(try cores(files) == 1)
  }

  @Test func ignoresInvalidLimits() throws {
    for text in ["", "x y", "-5 100000", "100000 0", "1e400 1", "max"] {
      let files = [
        "/proc/self/cgroup": "0::/\nrubbish\n", "/proc/self/mountinfo": "short\n" + SystemTree.unifiedMount,
        "/sys/fs/cgroup/cpu.max": text,
      ]
      #expect(try cores(files) == 16, "\(text)")
    }
  }

  // MARK: Memory and processes

  private func memory(_ files: [String: String], addressSpace: Int? = nil) throws -> Int? {
    let all = Self.cores.merging(["/proc/meminfo": "MemTotal: 900 kB\nMemAvailable:  800 kB\n"]) { first, _ in first }
    return try SystemTree.with(all.merging(files) { _, new in new }) {
      availableMemory(root: $0, addressSpace: addressSpace)
    }
  }

  @Test func availableMemoryIsMinimumOfAllLimits() throws {
    #expect(try memory([:]) == 800 << 10)
    #expect(try memory([:], addressSpace: 1500 << 10) == 476 << 10, "1024 KiB are in use")
    #expect(try memory([:], addressSpace: 1000) == 0)
    let groups = [
      "/proc/self/cgroup": "0::/a/b\n", "/proc/self/mountinfo": SystemTree.unifiedMount,
      "/sys/fs/cgroup/a/memory.max": "600000", "/sys/fs/cgroup/a/memory.current": "500000",
      "/sys/fs/cgroup/a/memory.stat": "anon 1\ninactive_file 40000\nactive_file 10000\n",
      "/sys/fs/cgroup/a/b/memory.max": "max", "/sys/fs/cgroup/a/b/memory.current": "5",
    ]
    #expect(try memory(groups) == 150_000, "cached files do not count as used")
  }

  @Test func readsMemoryLimitsOfVersion1() throws {
    let folder = "/sys/fs/cgroup/memory/job"
    let files = [
      "/proc/self/cgroup": "5:memory:/job\n",
      "/proc/self/mountinfo": "40 32 0:35 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
      "\(folder)/memory.limit_in_bytes": "700000\n", "\(folder)/memory.usage_in_bytes": "100000\n",
    ]
    #expect(try memory(files) == 600_000)
    var unlimited = files
    unlimited["\(folder)/memory.limit_in_bytes"] = "9223372036854771712\n"
    #expect(try memory(unlimited) == 800 << 10)
  }

  @Test func reportsLimitOnProcessesThatIsAlmostReached() throws {
    var files = [
      "/proc/self/cgroup": "0::/a\n", "/proc/self/mountinfo": SystemTree.unifiedMount,
      "/sys/fs/cgroup/a/pids.max": "100", "/sys/fs/cgroup/a/pids.current": "98",
    ]
    #expect(try SystemTree.with(files) { ControlGroups(root: $0).processLimit } == 100)
    files["/sys/fs/cgroup/a/pids.current"] = "3"
    #expect(try SystemTree.with(files) { ControlGroups(root: $0).processLimit } == nil)
  }
}
