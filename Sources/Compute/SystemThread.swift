internal import CLinux
internal import Dispatch
internal import Foundation

/// Starts threads. Foundation's threads do not report that the system gave none, and who waits for one would wait forever; these do.
package enum SystemThread {
  private static let standardStack = 8 << 20

  /// Runs `body` on a new thread.
  /// - Parameters:
  ///   - name: as the system's tools show it; at most 15 characters
  ///   - stack: bytes
  /// - Throws: ``ResourceLimitError``, which names the limit
  package static func start(
    _ name: String, stack: Int = standardStack, _ body: @escaping @Sendable () -> Void
  ) throws(ResourceLimitError) {
    guard let thread = create(name, stack: stack, body) else { throw .threads(count: 1) }
    pthread_detach(thread)
  }

  /// - Throws: ``ResourceLimitError`` if the system does not give so many threads now. For the threads of libraries that end the process, or
  ///   wait forever, if they get none.
  package static func check(canStart count: Int) throws(ResourceLimitError) {
    if !canStart(count) { throw .threads(count: count) }
  }

  static func canStart(_ count: Int) -> Bool {
    let release = DispatchSemaphore(value: 0)
    var started: [pthread_t] = []
    while started.count < count, let thread = create("probe", stack: standardStack, { release.wait() }) {
      started.append(thread)
    }
    for _ in started { release.signal() }
    for thread in started { pthread_join(thread, nil) }
    return started.count == count
  }

  /// - Returns: a thread that is to be joined or detached; nil if the system gives none
  static func create(
    _ name: String, stack: Int = standardStack, _ body: @escaping @Sendable () -> Void
  ) -> pthread_t? {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stack)
    let start = Unmanaged.passRetained(ThreadStart(body))
    var thread: pthread_t = 0
    let code = pthread_create(
      &thread, &attributes,
      { pointer in
        Unmanaged<ThreadStart>.fromOpaque(pointer!).takeRetainedValue().body()
        return nil
      }, start.toOpaque())
    guard code == 0 else {
      start.release()
      return nil
    }
    pthread_setname_np(thread, String(name.prefix(15)))
    return thread
  }
}

/// What a new thread is given.
private final class ThreadStart: Sendable {
  let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
