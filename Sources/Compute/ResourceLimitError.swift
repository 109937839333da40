internal import CLinux
internal import Foundation

/// The system does not give what is needed; says which limit it is, and what to do.
package struct ResourceLimitError: Error, Equatable, CustomStringConvertible {
  package let description: String

  static func threads(count: Int) -> ResourceLimitError {
    ResourceLimitError(
      description:
        "the system does not allow \(count == 1 ? "another thread" : "\(count) more threads"): \(threadLimit()); raise the limit"
    )
  }

  /// Which limit on threads is the nearest.
  package static func threadLimit(root: String = "") -> String {
    if let most = ControlGroups(root: root).processLimit {
      return "the control group's limit of processes and threads is \(most) (pids.max)"
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(UInt32(atelier_process_limit)), &limit) == 0, limit.rlim_cur != UInt64.max,
      limit.rlim_cur < 1 << 20, geteuid() != 0
    {
      return "the limit of this user's processes and threads is \(limit.rlim_cur) (ulimit -u, RLIMIT_NPROC)"
    }
    if getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur != UInt64.max {
      return "this process may have \(limit.rlim_cur >> 20) MiB of address space (ulimit -v, RLIMIT_AS)"
    }
    return "the limit of the machine is reached (/proc/sys/kernel/threads-max)"
  }
}

/// Open files, sockets and pipes.
package enum OpenFiles {
  /// - Parameter count: descriptors that will be needed at the same time
  /// - Throws: ``ResourceLimitError`` if this process may not open so many more
  package static func check(canOpen count: Int) throws(ResourceLimitError) {
    var opened: [Int32] = []
    defer { for descriptor in opened { close(descriptor) } }
    while opened.count < count {
      let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
      if descriptor >= 0 {
        opened.append(descriptor)
        continue
      }
      let reason: String
      if errno == EMFILE {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        reason = "the limit of open files of this process is \(limit.rlim_cur) (ulimit -n, RLIMIT_NOFILE)"
      } else if errno == ENFILE {
        reason = "the limit of the machine is reached (/proc/sys/fs/file-max)"
      } else {
        reason = String(cString: strerror(errno))
      }
      throw ResourceLimitError(
        description:
          "the system does not allow \(count) more open files, but only \(opened.count): \(reason); raise the limit")
    }
  }
}
