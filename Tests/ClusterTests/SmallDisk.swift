import Foundation
import Testing

/// A disk of 64 KiB in memory. It exists in the mount namespace of a process, and disappears with it.
final class SmallDisk {
  let path: String
  private let owner: Process
  /// The process ends when this pipe is closed.
  private let input = Pipe()

  /// The reason why this system does not permit such a disk; nil if it does.
  static let obstacle: Comment? = {
    guard getuid() == 0 else { return "a full or read-only disk requires root" }
    return (try? SmallDisk()) == nil ? "this system does not permit mounting a disk" : nil
  }()

  struct Failure: Error {}

  init(isWritable: Bool = true) throws {
    owner = Process()
    owner.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let options = "size=64k" + (isWritable ? "" : ",ro")
    let script = "mount -t tmpfs -o \(options) none /mnt && cd /mnt && echo mounted && read end"
    owner.arguments = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "unshare", "--mount", "sh", "-c", script]
    let said = Pipe()
    (owner.standardInput, owner.standardOutput, owner.standardError) = (input, said, FileHandle.nullDevice)
    try owner.run()
    path = "/proc/\(owner.processIdentifier)/cwd"
    // There is no output if unshare is missing or mounting is not permitted.
    guard said.fileHandleForReading.availableData == Data("mounted\n".utf8) else { throw Failure() }
  }

  deinit {
    owner.terminate()
    owner.waitUntilExit()
  }
}
