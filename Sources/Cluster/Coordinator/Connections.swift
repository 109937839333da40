package import Coordination

/// Maps connections to workers.
///
/// The system reuses the number of a closed connection, and messages of the closed connection may still be queued then.
/// A connection is therefore also identified by its route, the name that the router gives to one connection only.
package struct Connections {
  private var open: [Int32: (worker: WorkerID, route: [UInt8])] = [:]
  /// Routes of closed connections, the oldest first: as many as may still have queued messages.
  private var closed: [[UInt8]] = []
  /// The newest route of each worker.
  private var newest: [WorkerID: [UInt8]] = [:]

  private static let maxClosed = 256

  package init() {}

  /// Records that a message of a worker has arrived.
  /// - Parameter connection: nil within the process.
  /// - Returns: false if the message must be dropped, because the connection is closed or belongs to another worker.
  package mutating func note(_ worker: WorkerID, by connection: Int32?, route: [UInt8]) -> Bool {
    guard let connection else { return true }
    guard !closed.contains(route) else { return false }
    if let known = open[connection], known.route == route, known.worker != worker { return false }
    open[connection] = (worker, route)
    newest[worker] = route
    return true
  }

  /// Records that a connection has closed.
  /// - Returns: The disconnected worker; nil if there is none, or if it has connected again since.
  package mutating func close(_ connection: Int32) -> WorkerID? {
    guard let (worker, route) = open.removeValue(forKey: connection) else { return nil }
    closed.append(route)
    if closed.count > Self.maxClosed { closed.removeFirst() }
    guard newest[worker] == route else { return nil }
    newest[worker] = nil
    return worker
  }
}
