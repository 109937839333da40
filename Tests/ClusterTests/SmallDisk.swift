import Foundation
import Testing

/// A disk of 64 KiB, in memory: it is in a process's own namespace, and goes with that. Root sees it from outside.
final class SmallDisk {
  let path: String
  private let owner: Process
  /// The process ends with it at the latest.
  private let input = Pipe()

  /// Why there cannot be one here; nil if there can.
  static let obstacle: Comment? = {
    guard getuid() == 0 else { return "a disk that is full or cannot be written needs root" }
    return (try? SmallDisk()) == nil ? "this system lets nobody mount a disk (a container without the right to)" : nil
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
    // Nothing comes if there is no unshare, or no right to mount.
    guard said.fileHandleForReading.availableData == Data("mounted\n".utf8) else { throw Failure() }
  }

  deinit {
    owner.terminate()
    owner.waitUntilExit()
  }
}
