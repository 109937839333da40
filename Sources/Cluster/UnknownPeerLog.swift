internal import Compute
package import Coordination

/// Counts what is dropped and turned away, by the peer that it came from, and tells of each peer at once, and then once
/// a minute at most.
package struct UnknownPeerLog {
  package enum Incident: Int, Sendable {
    /// A message that is none of the protocol's.
    case message
    /// A connection with a key that is not on the list.
    case refusal
    /// A connection that did not come about.
    case handshake
  }

  private struct Peer {
    var counts = [0, 0, 0]
    var nextLine: Milliseconds = .min
  }

  private var peers: [String: Peer] = [:]

  private static let interval: Milliseconds = 60_000
  /// Of more peers than that, the others are told of as one.
  private static let maxPeers = 1_000

  package init() {}

  /// - Parameter peer: its address; nil where that is not known
  package mutating func note(_ incident: Incident, of peer: String?, count: Int = 1) {
    let name = peer ?? "unknown peers"
    let isKnown = peers[name] != nil || peers.count < Self.maxPeers
    peers[isKnown ? name : "other peers", default: Peer()].counts[incident.rawValue] += count
  }

  /// What there is to tell now.
  package mutating func lines(at now: Milliseconds) -> [String] {
    var lines: [String] = []
    for (name, peer) in peers.sorted(by: { $0.key < $1.key }) where now >= peer.nextLine {
      guard peer.counts.contains(where: { $0 > 0 }) else {
        // It has kept still for a minute, and is forgotten.
        peers[name] = nil
        continue
      }
      lines.append("\(name): \(Self.text(peer.counts))")
      peers[name] = Peer(nextLine: now + Self.interval)
    }
    return lines
  }

  private static func text(_ counts: [Int]) -> String {
    let texts = [
      "dropped \(counted(counts[Incident.message.rawValue], "message")) \(counts[Incident.message.rawValue] == 1 ? "that is" : "that are") none of Atelier's",
      "turned away \(counted(counts[Incident.refusal.rawValue], "connection")) whose key is not on the list",
      """
      \(counted(counts[Incident.handshake.rawValue], "connection")) did not come about: with another key for this coordinator, \
      without any, or by no worker
      """,
    ]
    return zip(texts, counts).filter { $0.1 > 0 }.map(\.0).joined(separator: "; ")
  }
}
