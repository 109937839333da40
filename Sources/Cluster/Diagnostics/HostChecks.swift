internal import Compute
internal import Foundation
internal import Text
internal import Transport

/// Examines the limits of this host, which concern coordinators and workers.
package enum HostChecks {
  /// Examines all limits, whether or not one is insufficient.
  /// - Parameter root: a prefix of the paths of control groups
  package static func findings(root: String = "") -> [Doctor.Finding] {
    var limit = rlimit()
    let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    return [
      files(limit: isKnown ? UInt64(limit.rlim_cur) : nil), sharedMemory(isAvailable: SharedMemory() != nil),
      processors(root: root),
    ]
  }

  /// A coordinator needs about one descriptor for each worker, and members of a training one for each other member.
  private static let fewFiles: UInt64 = 1_024

  /// - Parameter limit: the number of files that this process may open, after it has raised its soft limit
  package static func files(limit: UInt64?) -> Doctor.Finding {
    guard let limit else {
      return .init(step: "files", isWell: false, text: "the limit of open files is unknown")
    }
    let text = "at most \(limit) open files and connections"
    guard limit < fewFiles else { return .init(step: "files", isWell: true, text: text) }
    return .init(
      step: "files", isWell: false,
      text: """
        \(text), which suffices for few workers. Raise the hard limit: `ulimit -Hn` of the shell, LimitNOFILE= of \
        systemd; of a container, `--ulimit nofile=65536` of docker or podman, or in Kubernetes LimitNOFILE= of the \
        node's container runtime
        """)
  }

  package static func sharedMemory(isAvailable: Bool) -> Doctor.Finding {
    guard isAvailable else {
      return .init(
        step: "shared memory", isWell: false,
        text: """
          the system provides no shared memory (memfd_create), so workers of this host exchange data through sockets, \
          which is slower. In a container, permit memfd_create and mmap: `--security-opt seccomp=FILE` of docker or \
          podman, seccompProfile of Kubernetes
          """)
    }
    // The memory has no file: its size is limited by the host or the container, not by /dev/shm.
    var status = statvfs()
    var other = "/dev/shm does not exist, and is not needed"
    if statvfs("/dev/shm", &status) == 0 {
      let free = (Int(status.f_bavail) * Int(status.f_frsize)) >> 20
      other = "/dev/shm has \(free) MiB free, and is not used, so a container needs no `--shm-size`"
    }
    return .init(step: "shared memory", isWell: true, text: "available between workers of this host; \(other)")
  }

  private static func processors(root: String) -> Doctor.Finding {
    let (available, all) = (availableCores(root: root), ProcessInfo.processInfo.processorCount)
    let text = "\(counted(available, "core")) of \(all) may be used"
    guard let quota = ControlGroups(root: root).coreLimit, quota < all else {
      return .init(step: "processors", isWell: true, text: text)
    }
    return .init(
      step: "processors", isWell: true,
      text: """
        \(text): the container or service is limited to \(counted(quota, "core")) (cpu.max), as --threads is by \
        default. More: `--cpus` of docker or podman, resources.limits.cpu of Kubernetes, CPUQuota= of systemd
        """)
  }
}
