package import Coordination
internal import Text

/// Counts dropped messages and rejected connections by peer, and reports each peer immediately, and then at most once
/// per minute.
package struct UnknownPeerLog {
  package enum Incident: Int, Sendable {
    /// A message that does not follow the protocol.
    case message
    /// A connection with a key that is not on the list.
    case refusal
    /// A connection whose handshake failed.
    case handshake
    /// A connection with a join token that is used up, expired or revoked.
    case endedToken
    /// A guest that sends anything but its enrollment.
    case guest
  }

  private struct Peer {
    var counts = [0, 0, 0, 0, 0]
    var nextLine: Milliseconds = .min
  }

  private var peers: [String: Peer] = [:]

  private static let interval: Milliseconds = 60_000
  /// The number of peers beyond which further ones are reported together.
  private static let maxPeers = 1_000

  package init() {}

  /// Records incidents.
  /// - Parameter peer: The address of the peer; nil if it is unknown.
  package mutating func note(_ incident: Incident, of peer: String?, count: Int = 1) {
    let name = peer ?? "unknown peers"
    let isKnown = peers[name] != nil || peers.count < Self.maxPeers
    peers[isKnown ? name : "other peers", default: Peer()].counts[incident.rawValue] += count
  }

  /// Returns the lines that are due.
  package mutating func lines(at now: Milliseconds) -> [String] {
    var lines: [String] = []
    for (name, peer) in peers.sorted(by: { $0.key < $1.key }) where now >= peer.nextLine {
      guard peer.counts.contains(where: { $0 > 0 }) else {
        // A peer without incidents for a minute is removed.
        peers[name] = nil
        continue
      }
      lines.append("\(name): \(Self.text(peer.counts))")
      peers[name] = Peer(nextLine: now + Self.interval)
    }
    return lines
  }

  private static func text(_ counts: [Int]) -> String {
    func count(_ incident: Incident, _ noun: String) -> String { counted(counts[incident.rawValue], noun) }
    let texts = [
      "dropped \(count(.message, "invalid message"))",
      "rejected \(count(.refusal, "connection")) with an unlisted key",
      "\(count(.handshake, "connection")) failed the handshake (wrong coordinator key, no key, or not a worker)",
      "refused \(count(.endedToken, "connection")) with a used, expired or revoked join token",
      "closed \(count(.guest, "connection")) of a guest that sent anything but its enrollment",
    ]
    return zip(texts, counts).filter { $0.1 > 0 }.map(\.0).joined(separator: "; ")
  }
}
