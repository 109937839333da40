internal import Compute
internal import Coordination
internal import Foundation
internal import SwiftProtobuf
internal import Text
internal import Transport

extension Doctor {
  /// The size of a large message in bytes: hundreds of packets, as in the exchange of gradients.
  private static let largeMessage = 512 << 10

  /// Sends a large message and requests one of the same size. If a router on the way drops packets of full size
  /// without notice, small messages pass and large ones do not.
  mutating func checkLargeMessages(_ socket: borrowing Socket) -> Bool {
    let message = WorkerMessage.with {
      $0.protocol = MessageCodec.version
      $0.probe.echo = UInt32(Self.largeMessage)
    }
    let body = [UInt8](repeating: 0, count: Self.largeMessage)
    let start = monotonicMicroseconds()
    socket.send([MessageCodec.encode(message), Frame(body)])
    let end = monotonicMilliseconds() + max(timeout, 4_000)
    while monotonicMilliseconds() < end {
      socket.wait(milliseconds: 50)
      while let frames = socket.receive(frames: 2) {
        guard frames.count == 2, frames[1].count == Self.largeMessage else { continue }
        let milliseconds = Double(monotonicMicroseconds() - start) / 1_000
        return record(
          "mtu", true,
          """
          messages of \(Self.largeMessage >> 10) KiB pass in both directions, in \
          \(formatted(milliseconds, digits: 1)) ms
          """
        )
      }
    }
    return record(
      "mtu", false,
      """
      small messages pass, but not large ones: the MTU of a network interface is larger than that of the path, as with \
      VPNs and overlay networks; set a smaller one on both hosts (ip link set dev NAME mtu 1400), or permit ICMP \
      messages of type 3 in the firewall
      """)
  }

  /// The number of workers to which a connection is tried.
  private static let mostWorkers = 16

  /// Connects to the ports at which the coordinator's workers listen for each other.
  mutating func checkWorkers(_ endpoints: [String]) -> Bool {
    let others = Set(endpoints).compactMap { try? Endpoint($0) }.filter { $0.host != nil }
    guard !others.isEmpty else {
      return record("workers", true, "no workers on other hosts are connected, so connections to them were not tried")
    }
    let tried = others.sorted { $0.text < $1.text }.prefix(Self.mostWorkers)
    let unreachable = tried.filter { endpoint in
      guard let host = endpoint.host, let port = endpoint.port else { return false }
      guard case .open = PortProbe.connect(host: host, port: port, timeout: min(timeout, 2_000)) else { return true }
      return false
    }
    guard !unreachable.isEmpty else {
      return record(
        "workers", true,
        """
        \(counted(tried.count, "connected worker")) can be reached; run atelier doctor there as well for the other \
        direction
        """
      )
    }
    return record(
      "workers", false,
      """
      cannot connect to \(unreachable.map(\.text).listed(atMost: 4)), where other workers listen: networks are trained \
      by workers that connect to each other, so permit these ports in the firewall, or give the workers fixed ones \
      with --exchange and --advertise. Other models need no such connections
      """)
  }
}
