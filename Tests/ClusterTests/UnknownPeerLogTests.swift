import Cluster
import Testing

/// Tests that the log has at most one line for each peer and minute, and that its memory is bounded.
struct UnknownPeerLogTests {
  private var log = UnknownPeerLog()

  private mutating func lines(at now: Int) -> [String] { log.lines(at: now) }

  @Test mutating func logsEachPeerOncePerMinute() {
    log.note(.message, of: "10.0.0.1")
    log.note(.message, of: "10.0.0.1")
    #expect(lines(at: 0) == ["10.0.0.1: dropped 2 invalid messages"])
    log.note(.message, of: "10.0.0.1")
    log.note(.refusal, of: "10.0.0.2", count: 3)
    #expect(
      lines(at: 30_000) == ["10.0.0.2: rejected 3 connections with an unlisted key"],
      "a new peer is logged immediately")
    log.note(.handshake, of: "10.0.0.1")
    #expect(lines(at: 59_999).isEmpty)
    let line = lines(at: 60_000)
    #expect(line.count == 1 && line[0].hasPrefix("10.0.0.1: dropped 1 invalid message"))
    #expect(line[0].contains("; 1 connection failed"))
    #expect(lines(at: 200_000).isEmpty)
  }

  @Test mutating func excessPeersAreLoggedTogether() {
    for peer in 0..<5_000 { log.note(.message, of: "peer \(peer)") }
    let logged = lines(at: 0)
    #expect(logged.count == 1_001)
    #expect(logged.contains("other peers: dropped 4000 invalid messages"))
    // Peers without incidents are removed, which makes room.
    #expect(lines(at: 60_000).isEmpty)
    log.note(.message, of: "peer 4999")
    #expect(lines(at: 60_000).first?.hasPrefix("peer 4999: ") == true)
  }
}
