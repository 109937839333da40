internal import Foundation
internal import Synchronization

/// The files that this process may have open. Connections are files as well, and whoever connects uses them up; what has to be written is written
/// all the same.
package enum OpenFiles {
  /// Descriptors that are kept for files of this process's own: each is given up when one is lacking.
  private static let reserve = Mutex<[Int32]>([])
  private static let reserveSize = 32
  /// As many connections as anybody needs: more would only let strangers use up more memory.
  private static let most: rlim_t = 65_536
  /// Strangers are cut off after three seconds, so descriptors become free all the time.
  private static let secondsToWait = 20.0

  /// Once, at the start: as many as the system permits.
  package static func raiseLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(7), &limit) == 0 else { return }
    let wanted = min(limit.rlim_max, max(limit.rlim_cur, most))
    guard wanted > limit.rlim_cur else { return }
    limit.rlim_cur = wanted
    setrlimit(__rlimit_resource_t(7), &limit)
  }

  /// Fills the reserve, as far as that is possible now.
  package static func fillReserve() {
    reserve.withLock { reserve in
      while reserve.count < reserveSize {
        let file = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        reserve.append(file)
      }
    }
  }

  /// As open(2), but waits for a descriptor if none is free.
  package static func open(_ path: String, _ flags: Int32, _ mode: UInt32 = 0) -> Int32 {
    retrying { Glibc.open(path, flags, mode) }
  }

  /// Does what needs a descriptor until it does not fail for want of one.
  /// - Parameter attempt: returns a negative number, and sets errno, if it fails
  package static func retrying(_ attempt: () -> Int32) -> Int32 {
    let end = Date(timeIntervalSinceNow: secondsToWait)
    while true {
      let result = attempt()
      guard result < 0, isLack(errno) else { return result }
      let code = errno
      guard Date() < end else {
        errno = code
        return result
      }
      // A connection may take its place before this process does: then the next one goes.
      if !giveUpOne() { usleep(1_000) }
    }
  }

  /// The same for what throws: after an error, whether there was a lack, so that another attempt may do better.
  package static func retryingOperation<Result>(_ attempt: () throws -> Result) throws -> Result {
    let end = Date(timeIntervalSinceNow: secondsToWait)
    while true {
      do { return try attempt() } catch {
        guard isLacking, Date() < end else { throw error }
        if !giveUpOne() { usleep(1_000) }
      }
    }
  }

  /// Whether a file could not be opened just now.
  private static var isLacking: Bool {
    let file = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return isLack(errno) }
    close(file)
    return reserve.withLock { $0.count < reserveSize }
  }

  private static func isLack(_ code: Int32) -> Bool { code == EMFILE || code == ENFILE }

  private static func giveUpOne() -> Bool {
    guard let file = reserve.withLock({ $0.popLast() }) else { return false }
    close(file)
    return true
  }
}
