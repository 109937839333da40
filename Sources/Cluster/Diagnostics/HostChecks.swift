internal import Compute
internal import Foundation
internal import Text
internal import Transport

/// Examines the limits of this host, which concern coordinators and workers.
package enum HostChecks {
  /// Examines all limits, whether or not one is insufficient.
  package static func findings() -> [Doctor.Finding] { [files(), sharedMemory(), processors()] }

  /// A coordinator needs about one descriptor for each worker, and members of a training one for each other member.
  private static let fewFiles: UInt64 = 1_024

  private static func files() -> Doctor.Finding {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return .init(step: "files", isWell: false, text: "the limit of open files is unknown")
    }
    let isWell = limit.rlim_cur >= fewFiles
    return .init(
      step: "files", isWell: isWell,
      text: "at most \(limit.rlim_cur) open files and connections"
        + (isWell
          ? ""
          : """
          , which suffices for few workers: raise the hard limit (ulimit -Hn, LimitNOFILE= of systemd, --ulimit of \
          containers)
          """))
  }

  private static func sharedMemory() -> Doctor.Finding {
    guard SharedMemory() != nil else {
      return .init(
        step: "shared memory", isWell: false,
        text: """
          the system provides no shared memory (memfd_create), so workers of this host exchange data through sockets, \
          which is slower: permit memfd_create and mmap in the container's seccomp profile
          """)
    }
    // The memory has no file: its size is limited by the host or the container, not by /dev/shm.
    var status = statvfs()
    let free =
      statvfs("/dev/shm", &status) == 0
      ? "/dev/shm, which is not used, has \(Int(status.f_bavail) * Int(status.f_frsize) >> 20) MiB free"
      : "/dev/shm does not exist, and is not needed"
    return .init(step: "shared memory", isWell: true, text: "available between workers of this host; \(free)")
  }

  private static func processors() -> Doctor.Finding {
    let (available, all) = (availableCores(), ProcessInfo.processInfo.processorCount)
    let text = "\(counted(available, "core")) of \(all) may be used"
    guard let quota = ControlGroups().coreLimit, quota < all else {
      return .init(step: "processors", isWell: true, text: text)
    }
    return .init(
      step: "processors", isWell: true,
      text:
        """
        \(text): the container or service is limited to \(counted(quota, "core")) (cpu.max), as --threads is by \
        default
        """
    )
  }
}
