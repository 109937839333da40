internal import Foundation

/// Hosts that this machine plays: network namespaces, joined by links of a given rate, delay and loss.
///
/// Needs Linux with TUN devices, root's rights, and `nsenter` (util-linux). Nothing of it has a name in the system, so it ends with this object
/// and the processes that it was given to, and also when they are killed.
package final class EmulatedNetwork: Sendable {
  /// What each host sends goes through such a link; what it receives has been held by the sender's. So a round trip takes twice the delay.
  package struct Link: Sendable {
    package var bitsPerSecond: Double
    package var delay: Duration
    /// Share of what is sent that is lost: from 0 to 1.
    package var loss: Double
    /// Decides what is lost. Linux's own netem does not take it.
    package var seed: UInt64

    package init(bitsPerSecond: Double = 1e9, delay: Duration = .milliseconds(1), loss: Double = 0, seed: UInt64 = 0) {
      (self.bitsPerSecond, self.delay, self.loss, self.seed) = (bitsPerSecond, delay, loss, seed)
    }
  }

  /// Who holds and loses packets: Linux's netem if this kernel has it, else a thread of this process.
  package let isHeldByKernel: Bool
  private let hosts: [EmulatedHost]
  private let carrier: PacketCarrier

  /// - Parameter hosts: how many, at most 64
  /// - Throws: ``EmulationError``
  package init(hosts count: Int, link: Link) throws(EmulationError) {
    precondition((1...64).contains(count))
    var hosts: [EmulatedHost] = []
    for index in 0..<count { hosts.append(try EmulatedHost(index)) }
    self.hosts = hosts
    isHeldByKernel = hosts.allSatisfy { $0.holdPackets(as: link) }
    // The kernel has done all of it before a packet comes here.
    let rest = isHeldByKernel ? Link(bitsPerSecond: .infinity, delay: .zero) : link
    carrier = try PacketCarrier(descriptors: hosts.map(\.device), link: rest)
  }

  deinit { carrier.end() }

  /// Where a host, counted from 0, is reached by the others.
  package func address(of host: Int) -> String { EmulatedHost.address(host) }

  /// The words that run a command on a host; the first of them is the program.
  package func command(_ words: [String], on host: Int) -> [String] { hosts[host].command(words) }

  /// Runs `body` on a thread that is on a host. Sockets that it makes stay there.
  package func inside<Result: Sendable>(_ host: Int, _ body: @escaping @Sendable () -> Result) -> Result {
    hosts[host].inside(body)
  }

  /// Cuts a host's link, or mends it.
  package func setCut(_ isCut: Bool, _ host: Int) { carrier.setCut(isCut, host) }

  /// What was lost on links (not counting what netem lost), and the processor's time that carrying packets took, with the work of the
  /// receiving network stacks.
  package var statistics: (carried: Int, lost: Int, processorSeconds: Double) { carrier.statistics }
}

/// Why no network can be emulated here.
package enum EmulationError: Error, CustomStringConvertible {
  case notAllowed
  case unavailable(String)

  package var description: String {
    switch self {
    case .notAllowed:
      "network namespaces need root's rights: run this as root, or by `unshare --user --map-root-user`"
    case .unavailable(let reason): "network namespaces cannot be had here: \(reason)"
    }
  }
}
