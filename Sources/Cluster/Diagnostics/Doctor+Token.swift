internal import Coordination
internal import Foundation
internal import Text
internal import Transport

extension Doctor {
  /// Records whether the token can be used, as far as this host can know.
  mutating func check(_ token: JoinToken, isEnrolled: Bool) -> Bool {
    let places = token.addresses.map(\.text).joined(separator: ", ")
    if isEnrolled {
      return record("token", true, "for \(places); this host has a key for it, and does not use it again")
    }
    let now = InvitationBook.now
    guard now < token.expiry else {
      return record(
        "token", false,
        """
        the join token has expired by this host's clock: create another with `atelier keys invite` on the \
        coordinator's host, or correct the clock
        """)
    }
    return record("token", true, "for \(places); expires in \(Self.text(ofSeconds: token.expiry - now))")
  }

  private static func text(ofSeconds seconds: UInt64) -> String {
    seconds < 7_200 ? counted(Int(seconds / 60), "minute") : counted(Int(clamping: seconds / 3_600), "hour")
  }

  /// Connects as a guest, without a message.
  mutating func checkGuest(_ token: JoinToken) -> Bool {
    do throws(TransportError) {
      try ZeroMQLibrary.check()
      let sockets = try SocketContext()
      let security = SocketSecurity.client(token.guest, server: token.coordinator)
      let socket = try Socket(.dealer, in: sockets, security: security)
      let monitor = try ConnectionMonitor(socket, name: "doctor", in: sockets)
      try socket.connect(endpoint)
      let end = monotonicMilliseconds() + max(timeout, 4_000)
      while monotonicMilliseconds() < end {
        while let event = monitor.next() {
          switch event {
          case .ready:
            return record("key", true, "the coordinator has proved its key, and accepts the token; \(Self.remainder)")
          case .ended(.used):
            return record("key", false, "the join token has been used as often as it allows: \(Self.advice)")
          case .ended(.withdrawn):
            return record(
              "key", false, "the join token has been revoked, or has expired by the coordinator's clock: \(Self.advice)"
            )
          case .failed, .refused, .closed: return record("key", false, Self.unknownToken)
          case .accepted: break
          }
        }
        usleep(5_000)
      }
      return record("key", false, Self.unknownToken)
    } catch {
      return record("key", false, error.description)
    }
  }

  private static let remainder = """
    the version, the clock, large messages and the connections to other workers are examined once a worker has \
    enrolled: run `atelier doctor` again then
    """
  private static let advice = "create another with `atelier keys invite` on the coordinator's host"
  private static let unknownToken = """
    the program there does not have the key of the token's coordinator, or does not know the token: another program \
    listens there, or the coordinator was started with other keys than those of `atelier keys invite` (see --keys)
    """
}
