internal import Foundation
internal import Synchronization

/// Manages the file descriptors of this process. Connections use descriptors as well, so clients can exhaust them; a
/// reserve ensures that results can still be written.
package enum OpenFiles {
  /// Descriptors reserved for the process's own files; one is closed whenever none is free.
  private static let reserve = Mutex<[Int32]>([])
  private static let reserveSize = 32
  /// More connections are never needed, and would only let unknown clients use more memory.
  private static let most: rlim_t = 65_536
  /// Unknown clients are disconnected after three seconds, so descriptors keep becoming free.
  private static let secondsToWait = 20.0

  /// Raises the limit of open files as far as the system permits. Call it once, at the start.
  package static func raiseLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(7), &limit) == 0 else { return }
    let wanted = min(limit.rlim_max, max(limit.rlim_cur, most))
    guard wanted > limit.rlim_cur else { return }
    limit.rlim_cur = wanted
    setrlimit(__rlimit_resource_t(7), &limit)
  }

  /// Fills the reserve as far as descriptors are free.
  package static func fillReserve() {
    reserve.withLock { reserve in
      while reserve.count < reserveSize {
        let file = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        reserve.append(file)
      }
    }
  }

  /// Opens a file like open(2), but waits for a descriptor if none is free.
  package static func open(_ path: String, _ flags: Int32, _ mode: UInt32 = 0) -> Int32 {
    retrying { Glibc.open(path, flags, mode) }
  }

  /// Retries a system call while it fails because no descriptor is free.
  /// - Parameter attempt: returns a negative number, and sets errno, if it fails
  package static func retrying(_ attempt: () -> Int32) -> Int32 {
    let end = Date(timeIntervalSinceNow: secondsToWait)
    while true {
      let result = attempt()
      guard result < 0, isShortage(errno) else { return result }
      let code = errno
      guard Date() < end else {
        errno = code
        return result
      }
      // A connection may take the released descriptor before this process does; the loop then releases another one.
      if !releaseOne() { usleep(1_000) }
    }
  }

  /// Retries an operation that throws while no descriptor is free.
  package static func retryingOperation<Result>(_ attempt: () throws -> Result) throws -> Result {
    let end = Date(timeIntervalSinceNow: secondsToWait)
    while true {
      do { return try attempt() } catch {
        guard hasShortage, Date() < end else { throw error }
        if !releaseOne() { usleep(1_000) }
      }
    }
  }

  /// Whether descriptors are short now, or were short recently, so that the reserve is not full.
  private static var hasShortage: Bool {
    let file = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return isShortage(errno) }
    close(file)
    return reserve.withLock { $0.count < reserveSize }
  }

  private static func isShortage(_ code: Int32) -> Bool { code == EMFILE || code == ENFILE }

  private static func releaseOne() -> Bool {
    guard let file = reserve.withLock({ $0.popLast() }) else { return false }
    close(file)
    return true
  }
}
