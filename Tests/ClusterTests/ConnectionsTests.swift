import Cluster
import Testing

/// Tests which worker's connection was closed, even if the system reuses its number.
struct ConnectionsTests {
  private var connections = Connections()

  private mutating func note(_ worker: UInt64, by connection: Int32?, route: [UInt8]) -> Bool {
    connections.note(worker, by: connection, route: route)
  }

  private mutating func close(_ connection: Int32) -> UInt64? { connections.close(connection) }

  @Test mutating func closedConnectionIdentifiesWorker() {
    #expect(note(1, by: 30, route: [1]))
    #expect(note(2, by: 31, route: [2]))
    #expect(close(30) == 1)
    #expect(close(30) == nil)
    #expect(close(32) == nil, "a peer that has sent nothing")
    #expect(close(31) == 2)
  }

  @Test mutating func reusedNumberBelongsToNewWorker() {
    _ = note(1, by: 30, route: [1])
    #expect(close(30) == 1)
    #expect(note(2, by: 30, route: [2]))
    #expect(!note(1, by: 30, route: [1]), "queued messages of the closed connection do not reopen it")
    #expect(close(30) == 2)
  }

  @Test mutating func workerWithNewerConnectionIsNotLost() {
    _ = note(1, by: 30, route: [1])
    _ = note(1, by: 31, route: [2])
    #expect(close(30) == nil)
    #expect(close(31) == 1)
  }

  @Test mutating func inProcessWorkersHaveNoConnection() {
    #expect(note(1, by: nil, route: []))
    #expect(note(1, by: nil, route: []))
  }

  /// A peer cannot claim several worker IDs on one connection.
  @Test mutating func connectionBelongsToOneWorker() {
    #expect(note(1, by: 30, route: [1]))
    #expect(!note(2, by: 30, route: [1]))
    #expect(note(1, by: 30, route: [1]))
    #expect(close(30) == 1)
  }
}
