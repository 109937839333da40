internal import CLinux
internal import Files
internal import Foundation

/// A request that exceeds a resource limit of the system. The description names the limit and what to do.
package struct ResourceLimitError: Error, Equatable, CustomStringConvertible {
  package let description: String

  static func threads(count: Int) -> ResourceLimitError {
    ResourceLimitError(
      description:
        "cannot start \(count == 1 ? "another thread" : "\(count) more threads"): \(threadLimit()); raise the limit")
  }

  /// Returns a description of the limit on threads that was probably reached.
  package static func threadLimit(root: String = "") -> String {
    if let most = ControlGroups(root: root).processLimit {
      return "the control group is limited to \(most) processes and threads (pids.max)"
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(UInt32(atelier_process_limit)), &limit) == 0, limit.rlim_cur != UInt64.max,
      limit.rlim_cur < 1 << 20, geteuid() != 0
    {
      return "this user is limited to \(limit.rlim_cur) processes and threads (ulimit -u, RLIMIT_NPROC)"
    }
    if getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur != UInt64.max {
      return "this process is limited to \(limit.rlim_cur >> 20) MiB of address space (ulimit -v, RLIMIT_AS)"
    }
    return "the limit of the machine is reached (/proc/sys/kernel/threads-max)"
  }
}

/// The limit on open files, which include sockets and pipes.
package enum OpenFileLimit {
  /// Checks that this process can open more files.
  /// - Parameter count: the number of descriptors that will be needed at the same time
  /// - Throws: ``ResourceLimitError`` if a limit does not permit them.
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
        reason = "this process is limited to \(limit.rlim_cur) open files (ulimit -n, RLIMIT_NOFILE)"
      } else if errno == ENFILE {
        reason = "the limit of the machine is reached (/proc/sys/fs/file-max)"
      } else {
        reason = systemErrorText()
      }
      throw ResourceLimitError(
        description:
          "cannot open \(count) more files (only \(opened.count) could be opened): \(reason); raise the limit")
    }
  }
}
