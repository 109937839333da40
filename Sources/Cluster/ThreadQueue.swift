internal import Synchronization
internal import Transport

/// Carries values from any thread to one that may sleep in ``Socket/wait(milliseconds:descriptor:)``.
final class ThreadQueue<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])
  private let wakeUp: WakeUp

  /// - Throws: ``TransportError`` if the process may open no more files.
  init() throws(TransportError) { wakeUp = try WakeUp() }

  /// To sleep on, beside a socket.
  var descriptor: Int32 { wakeUp.descriptor }

  func post(_ element: Element) {
    let isFirst = elements.withLock { elements in
      elements.append(element)
      return elements.count == 1
    }
    // Until the queue has been found empty, it keeps its reader awake.
    if isFirst { wakeUp.wake() }
  }

  /// The oldest, if there is one.
  func next() -> Element? { next { _ in true } }

  /// The oldest, if there is one, and it is such a one.
  func next(if test: (Element) -> Bool) -> Element? {
    elements.withLock { elements in
      guard let first = elements.first else {
        // From now on, whoever sleeps is woken by what is posted, and by nothing older.
        wakeUp.reset()
        return nil
      }
      return test(first) ? elements.removeFirst() : nil
    }
  }

  /// Whether any that waits is such a one.
  func contains(where test: (Element) -> Bool) -> Bool { elements.withLock { $0.contains(where: test) } }
}
