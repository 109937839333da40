import Foundation
import Runs
import Testing

/// Only one process at a time writes to a run's folder.
@Suite final class RunLockTests {
  private let folder = NSTemporaryDirectory() + "atelier-lock-\(UUID().uuidString)"
  private var path: String { folder + "/lock" }

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  @Test func lockFileNamesItsHolder() throws {
    try RunLock.with(path) {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      #expect(text.hasPrefix("process \(getpid()) on host ") && text.contains(", since 20"), "\(text)")
      // A nested call succeeds.
      #expect(try RunLock.with(path) { 7 } == 7)
      #expect(access(path, F_OK) == 0)
    }
    #expect(access(path, F_OK) != 0, "the file is removed at the end")
  }

  @Test func refusesSecondHolder() throws {
    let file = open(path, O_RDWR | O_CREAT, 0o600)
    try #require(file >= 0 && flock(file, LOCK_EX) == 0)
    try #require(write(file, "process 7 on host far, since then\n", 34) == 34)
    let error = #expect(throws: RunError.self) { try RunLock.with(self.path) {} }
    #expect(error?.kind == .busy && error?.description.contains("process 7 on host far, since then") == true)
    close(file)
    #expect(try RunLock.with(path) { true }, "the lock file of an ended process is taken over")
  }

  /// Child processes do not inherit the lock.
  @Test func childProcessesDoNotInheritLock() throws {
    var process: pid_t = 0
    var arguments = [strdup("sleep"), strdup("600"), nil]
    defer { for argument in arguments { free(argument) } }
    let status = try RunLock.with(path) { posix_spawnp(&process, "sleep", nil, nil, &arguments, environ) }
    try #require(status == 0)
    defer {
      kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
    #expect(try RunLock.with(path) { true })
  }

  @Test func doesNotWriteThroughLinks() throws {
    let victim = folder + "/victim"
    try Data("precious".utf8).write(to: URL(fileURLWithPath: victim))
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "victim")
    #expect(throws: RunError.self) { try RunLock.with(self.path) {} }
    unlink(path)
    try FileManager.default.linkItem(atPath: victim, toPath: path)
    let error = #expect(throws: RunError.self) { try RunLock.with(self.path) {} }
    #expect(error?.kind == .damaged)
    #expect(try Data(contentsOf: URL(fileURLWithPath: victim)) == Data("precious".utf8))
  }
}
