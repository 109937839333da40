internal import Coordination

/// Counts messages and connections that are dropped, and tells of them once in a while.
struct StrangerLog {
  /// Dropped messages by connection, since the last line.
  private var dropped: [Int32: Int] = [:]
  private var nextLine: Milliseconds = 0
  private var toldRefusals = 0
  private(set) var total = 0

  private static let interval: Milliseconds = 60_000
  private static let mostConnections = 1_000

  mutating func note(_ connection: Int32?) {
    total += 1
    guard dropped.count < Self.mostConnections else { return }
    dropped[connection ?? -1, default: 0] += 1
  }

  /// One line per peer and minute.
  /// - Parameter refusals: connections that were turned away so far
  mutating func lines(refusals: Int, at now: Milliseconds) -> [String] {
    guard now >= nextLine, !dropped.isEmpty || refusals > toldRefusals else { return [] }
    nextLine = now + Self.interval
    var lines = dropped.sorted { $0.key < $1.key }.map {
      "dropped \($0.value) messages of connection \($0.key) that are none of Atelier's"
    }
    if refusals > toldRefusals {
      lines.append("turned away \(refusals - toldRefusals) connections whose key is not on the list")
    }
    dropped = [:]
    toldRefusals = refusals
    return lines
  }
}
