internal import CLinux
internal import Files
internal import Foundation

/// A program with a pipe to its standard input and one from its output and errors.
///
/// It is the leader of its own session, so that Ctrl-C in the terminal reaches this process only. When this process
/// ends, even by SIGKILL, the system closes the pipe to its input: no other child has a copy. Confined to one thread.
package final class ChildProcess {
  private let identifier: pid_t
  private var input: Int32
  let output: Int32
  private var status: Int32?
  /// The number of the signal that ended the program; nil if none did.
  private(set) var signal: Int32?

  /// - Parameter words: the program, which is looked up in PATH, and its arguments
  /// - Throws: ``LaunchError`` if it cannot be started
  package init(_ words: [String]) throws(LaunchError) {
    func failure(_ code: Int32) -> LaunchError { LaunchError("cannot start \(words[0]): \(systemErrorText(code))") }
    var (toChild, fromChild) = ([Int32](repeating: -1, count: 2), [Int32](repeating: -1, count: 2))
    guard OpenFiles.retrying({ pipe2(&toChild, O_CLOEXEC) }) == 0 else { throw failure(errno) }
    guard OpenFiles.retrying({ pipe2(&fromChild, O_CLOEXEC) }) == 0 else {
      let code = errno
      for file in toChild { close(file) }
      throw failure(code)
    }
    let (code, child) = Self.spawn(words, input: toChild[0], output: fromChild[1])
    close(toChild[0])
    close(fromChild[1])
    guard code == 0 else {
      close(toChild[1])
      close(fromChild[0])
      throw failure(code)
    }
    (identifier, input, output) = (child, toChild[1], fromChild[0])
    for file in [input, output] { _ = fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK) }
  }

  deinit {
    closeInput()
    close(output)
  }

  private static func spawn(_ words: [String], input: Int32, output: Int32) -> (code: Int32, child: pid_t) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, output, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // POSIX_SPAWN_SETSID, which glibc declares only with _GNU_SOURCE.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | 0x80))
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    // A program inherits ignored signals.
    for number in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var arguments = words.map { strdup($0) } + [nil]
    var environment = ProcessInfo.processInfo.environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, words[0], &actions, &attributes, &arguments, &environment)
    return (code, child)
  }

  /// Writes as many bytes as the pipe takes.
  /// - Returns: the number of bytes; 0 if the pipe is full, nil if the program has closed it
  func write(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard input >= 0 else { return nil }
    let count = bytes.withUnsafeBytes { Foundation.write(input, $0.baseAddress!, $0.count) }
    if count >= 0 { return count }
    return errno == EAGAIN || errno == EINTR ? 0 : nil
  }

  /// Reads the bytes that have arrived.
  /// - Returns: nil at the end of the output
  package func read() -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = Foundation.read(output, &bytes, bytes.count)
    if count > 0 { return Array(bytes[..<count]) }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? [] : nil
  }

  /// Waits until there is output, or until input can be written.
  package func wait(milliseconds: Int32, forWriting: Bool) {
    var files = [pollfd(fd: output, events: Int16(POLLIN), revents: 0)]
    if forWriting, input >= 0 { files.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0)) }
    poll(&files, nfds_t(files.count), milliseconds)
  }

  package func closeInput() {
    guard input >= 0 else { return }
    close(input)
    input = -1
  }

  /// The status of the ended program: its exit status, or 128 and the number of the signal; nil while it runs.
  package var exitStatus: Int32? {
    if let status { return status }
    var word: Int32 = 0
    let result = waitpid(identifier, &word, WNOHANG)
    if result == identifier {
      signal = word & 0x7F == 0 ? nil : word & 0x7F
      status = signal.map { 128 + $0 } ?? word >> 8 & 0xFF
    }
    if result < 0, errno == ECHILD { status = 255 }
    return status
  }

  /// Closes the input, which ends the worker on the other host, and waits for the program. After some seconds, the
  /// program is ended.
  package func end() {
    closeInput()
    for (milliseconds, signal) in [(4_000, SIGTERM), (1_000, SIGKILL), (1_000, 0)] {
      for _ in 0..<milliseconds / 10 {
        // A program whose output is full would wait for its reader.
        while let bytes = read(), !bytes.isEmpty {}
        if exitStatus != nil { return }
        usleep(10_000)
      }
      if signal != 0 { kill(identifier, signal) }
    }
  }
}

/// The monotonic clock in milliseconds.
func milliseconds() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int(time.tv_sec) * 1_000 + Int(time.tv_nsec) / 1_000_000
}
