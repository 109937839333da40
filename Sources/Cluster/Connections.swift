package import Coordination

/// Which connection is whose.
///
/// The system gives the number of a connection that is closed to the next one, and messages of the closed one may still
/// be queued then. So a connection is also known by its route: the name that the router has given it, and gives to no
/// other.
package struct Connections {
  private var open: [Int32: (worker: WorkerID, route: [UInt8])] = [:]
  /// Routes of connections that are closed, the oldest first: of so many as can still have messages in the queue.
  private var closed: [[UInt8]] = []
  /// The newest route of each worker.
  private var newest: [WorkerID: [UInt8]] = [:]

  private static let maxClosed = 256

  package init() {}

  /// A worker has said something.
  /// - Parameter connection: nil within the process
  /// - Returns: false if the connection is closed, so that the worker is gone, or will come by another one; or if it is
  ///   another worker's
  package mutating func note(_ worker: WorkerID, by connection: Int32?, route: [UInt8]) -> Bool {
    guard let connection else { return true }
    guard !closed.contains(route) else { return false }
    if let known = open[connection], known.route == route, known.worker != worker { return false }
    open[connection] = (worker, route)
    newest[worker] = route
    return true
  }

  /// - Returns: the worker that is gone; nil if nobody is, or if it has come by another connection meanwhile.
  package mutating func close(_ connection: Int32) -> WorkerID? {
    guard let (worker, route) = open.removeValue(forKey: connection) else { return nil }
    closed.append(route)
    if closed.count > Self.maxClosed { closed.removeFirst() }
    guard newest[worker] == route else { return nil }
    newest[worker] = nil
    return worker
  }
}
