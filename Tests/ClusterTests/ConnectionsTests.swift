import Cluster
import Testing

/// Whose connection is closed, though the system uses its number again.
struct ConnectionsTests {
  private var connections = Connections()

  private mutating func note(_ worker: UInt64, by connection: Int32?, route: [UInt8]) -> Bool {
    connections.note(worker, by: connection, route: route)
  }

  private mutating func close(_ connection: Int32) -> UInt64? { connections.close(connection) }

  @Test mutating func whoseConnectionIsClosedIsGone() {
    #expect(note(1, by: 30, route: [1]))
    #expect(note(2, by: 31, route: [2]))
    #expect(close(30) == 1)
    #expect(close(30) == nil)
    #expect(close(32) == nil, "of someone who has said nothing")
    #expect(close(31) == 2)
  }

  @Test mutating func theNextOneWithTheSameNumberStays() {
    _ = note(1, by: 30, route: [1])
    #expect(close(30) == 1)
    #expect(note(2, by: 30, route: [2]))
    #expect(!note(1, by: 30, route: [1]), "what is still queued of the closed one brings nobody back")
    #expect(close(30) == 2)
  }

  @Test mutating func whoHasComeByAnotherConnectionIsNotGone() {
    _ = note(1, by: 30, route: [1])
    _ = note(1, by: 31, route: [2])
    #expect(close(30) == nil)
    #expect(close(31) == 1)
  }

  @Test mutating func withinTheProcessThereIsNoConnection() {
    #expect(note(1, by: nil, route: []))
    #expect(note(1, by: nil, route: []))
  }

  /// However many names someone gives itself, there is one for each connection.
  @Test mutating func aConnectionIsOneWorkers() {
    #expect(note(1, by: 30, route: [1]))
    #expect(!note(2, by: 30, route: [1]))
    #expect(note(1, by: 30, route: [1]))
    #expect(close(30) == 1)
  }
}
