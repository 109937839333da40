internal import CLinux
internal import Dispatch
internal import Foundation

/// Starts threads and reports failures. Foundation does not report that the system refused a thread, so a caller that
/// waits for the thread would wait forever.
package enum SystemThread {
  private static let standardStack = 8 << 20

  /// Runs `body` on a new thread.
  /// - Parameters:
  ///   - name: the name in the system's tools, at most 15 characters
  ///   - stack: the size of the stack in bytes
  /// - Throws: ``ResourceLimitError``, which names the limit.
  package static func start(
    _ name: String, stack: Int = standardStack, _ body: @escaping @Sendable () -> Void
  ) throws(ResourceLimitError) {
    guard let thread = create(name, stack: stack, body) else { throw .threads(count: 1) }
    pthread_detach(thread)
  }

  /// Checks that this many threads can be started, before calling libraries that abort the process or wait forever if
  /// they get no thread.
  /// - Throws: ``ResourceLimitError`` if they cannot.
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

  /// Creates a thread.
  /// - Returns: a thread that the caller joins or detaches; nil if the system refuses one
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

/// The body of a new thread, passed as a pointer.
private final class ThreadStart: Sendable {
  let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
