internal import Foundation

/// Emulated hosts: network namespaces joined by links of a given rate, delay and loss.
///
/// Requires Linux with TUN devices, root privileges, and `nsenter` (util-linux). The namespaces have no name in the
/// file system, so they disappear with this object and the processes started in them, even if those are killed.
package final class EmulatedNetwork: Sendable {
  /// The link from each host to the network. Packets are delayed on the sender's link only, so a round trip takes twice
  /// the delay.
  package struct Link: Sendable {
    package var bitsPerSecond: Double
    package var delay: Duration
    /// The fraction of packets that are lost, from 0 to 1.
    package var loss: Double
    /// The seed of the losses; ignored by Linux's netem.
    package var seed: UInt64

    package init(bitsPerSecond: Double = 1e9, delay: Duration = .milliseconds(1), loss: Double = 0, seed: UInt64 = 0) {
      (self.bitsPerSecond, self.delay, self.loss, self.seed) = (bitsPerSecond, delay, loss, seed)
    }
  }

  /// Whether Linux's netem delays and drops packets; otherwise a thread of this process does.
  package let isHeldByKernel: Bool
  private let hosts: [EmulatedHost]
  private let carrier: PacketCarrier

  /// - Parameter hosts: the number of hosts, at most 64
  /// - Throws: ``EmulationError``
  package init(hosts count: Int, link: Link) throws(EmulationError) {
    precondition((1...64).contains(count))
    var hosts: [EmulatedHost] = []
    for index in 0..<count { hosts.append(try EmulatedHost(index)) }
    self.hosts = hosts
    isHeldByKernel = hosts.allSatisfy { $0.holdPackets(as: link) }
    // With netem, the kernel has already delayed and dropped the packets that arrive here.
    let rest = isHeldByKernel ? Link(bitsPerSecond: .infinity, delay: .zero) : link
    carrier = try PacketCarrier(descriptors: hosts.map(\.device), link: rest)
  }

  deinit { carrier.end() }

  /// The address of a host, counted from 0.
  package func address(of host: Int) -> String { EmulatedHost.address(host) }

  /// The command line that runs a command on a host; its first word is the program.
  package func command(_ words: [String], on host: Int) -> [String] { hosts[host].command(words) }

  /// Runs `body` on a thread in the namespace of a host. Sockets created there stay on that host.
  package func inside<Result: Sendable>(_ host: Int, _ body: @escaping @Sendable () -> Result) -> Result {
    hosts[host].inside(body)
  }

  /// Cuts or restores the link of a host.
  package func setCut(_ isCut: Bool, _ host: Int) { carrier.setCut(isCut, host) }

  /// The number of packets carried and lost (without those lost by netem), and the CPU time of carrying them, including
  /// the receiving network stacks.
  package var statistics: (carried: Int, lost: Int, processorSeconds: Double) { carrier.statistics }
}

/// An error that prevents the emulation of a network.
package enum EmulationError: Error, CustomStringConvertible {
  case notAllowed
  case unavailable(String)

  package var description: String {
    switch self {
    case .notAllowed:
      "network namespaces require root privileges: run this as root or with `unshare --user --map-root-user`"
    case .unavailable(let reason): "network namespaces are not available: \(reason)"
    }
  }
}
