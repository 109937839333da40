internal import DequeModule
internal import Synchronization
internal import Transport

/// Passes values from any thread to one that may sleep in ``Socket/wait(milliseconds:descriptor:)``.
final class ThreadQueue<Element: Sendable>: Sendable {
  private let elements = Mutex<Deque<Element>>([])
  private let wakeUp: WakeUp

  /// - Throws: ``TransportError`` if the process may open no more files.
  init() throws(TransportError) { wakeUp = try WakeUp() }

  /// The descriptor to wait for beside a socket.
  var descriptor: Int32 { wakeUp.descriptor }

  func post(_ element: Element) {
    let isFirst = elements.withLock { elements in
      elements.append(element)
      return elements.count == 1
    }
    // The reader stays awake until it finds the queue empty.
    if isFirst { wakeUp.wake() }
  }

  /// Removes and returns the oldest element, if there is one.
  func next() -> Element? { next { _ in true } }

  /// Removes and returns the oldest element, if there is one that fulfills the condition.
  func next(if test: (Element) -> Bool) -> Element? {
    elements.withLock { elements in
      guard let first = elements.first else {
        // From now on, only newly posted elements wake the reader.
        wakeUp.reset()
        return nil
      }
      return test(first) ? elements.removeFirst() : nil
    }
  }

  /// Whether any queued element fulfills the condition.
  func contains(where test: (Element) -> Bool) -> Bool { elements.withLock { $0.contains(where: test) } }
}
