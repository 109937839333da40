internal import CZeroMQ
internal import Compute
internal import Foundation
internal import Synchronization

/// Decides which public keys may connect to the CURVE server sockets of a context (ZeroMQ's authentication protocol,
/// RFC 27).
///
/// It must exist before any server socket does. Server sockets refuse every connection while no access control runs.
package final class AccessControl: Sendable {
  private struct State {
    var allowed: [String: Set<Key>] = [:]
    /// The keys of guests: holders of join tokens.
    var guests: [String: [Key: Invitation.State]] = [:]
    var refusals = 0
    /// Refusals since the last call of ``takeRefusals()``, by address.
    var newRefusals: [String: Int] = [:]
    /// Those of guests whose invitation has ended.
    var newRefusedGuests: [String: Int] = [:]
    var isEnding = false
  }

  private let state = Mutex(State())
  private let ended = DispatchSemaphore(value: 0)

  package init(in context: SocketContext) throws(TransportError) {
    let ready = DispatchSemaphore(value: 0)
    let failure = Mutex<TransportError?>(nil)
    do {
      try SystemThread.start("atelier-zap") { [self] in
        run(in: context) { error in
          failure.withLock { $0 = error }
          ready.signal()
        }
        ended.signal()
      }
    } catch { throw TransportError("\(error)") }
    ready.wait()
    if let error = failure.withLock({ $0 }) { throw error }
  }

  private func run(in context: SocketContext, isReady: (TransportError?) -> Void) {
    do throws(TransportError) {
      let socket = try Socket(.router, in: context)
      _ = try socket.bind(try Endpoint("inproc://zeromq.zap.01"))
      isReady(nil)
      serve(socket)
    } catch {
      isReady(error)
    }
  }

  private func serve(_ socket: borrowing Socket) {
    while !state.withLock({ $0.isEnding }) {
      socket.wait(milliseconds: 50)
      while let frames = socket.receive(frames: 16) { answer(frames, on: socket) }
    }
  }

  /// Stops the thread: from now on, every new connection is refused.
  package func end() {
    state.withLock { $0.isEnding = true }
    ended.wait()
    ended.signal()
  }

  /// Replaces the keys that are allowed in a domain.
  package func allow(_ keys: Set<Key>, in domain: String) { state.withLock { $0.allowed[domain] = keys } }

  /// Replaces the guests of a domain. A guest whose invitation is open may connect; its frames have
  /// ``Frame/sender`` `.guest`. The others are refused with a reason, and libzmq does not reconnect them.
  package func admit(guests: [Key: Invitation.State], in domain: String) {
    state.withLock { $0.guests[domain] = guests }
  }

  /// The number of refused connections.
  package var refusals: Int { state.withLock { $0.refusals } }

  /// Returns the number of refused connections by address since the last call, for the first 1,000 addresses.
  package func takeRefusals() -> [String: Int] {
    state.withLock { state in
      defer { state.newRefusals = [:] }
      return state.newRefusals
    }
  }

  /// Returns the refused connections of guests whose invitation has ended, like ``takeRefusals()``.
  package func takeRefusedGuests() -> [String: Int] {
    state.withLock { state in
      defer { state.newRefusedGuests = [:] }
      return state.newRefusedGuests
    }
  }

  private static let mostAddresses = 1_000

  /// Answers a request: [sender, empty, version, request id, domain, address, identity, mechanism, credentials…].
  private func answer(_ frames: [Frame], on socket: borrowing Socket) {
    guard frames.count >= 8 else { return }
    func text(_ index: Int) -> String { String(decoding: frames[index].array, as: UTF8.self) }
    let key = text(7) == "CURVE" && frames.count == 9 ? Key(bytes: frames[8].array) : nil
    let (status, sender) = verdict(on: key, in: text(4), from: text(5).withoutIPv6Form)
    socket.send(
      [frames[0], frames[1], frames[2], frames[3]]
        + [status, "", sender?.text ?? "", ""].map { Frame($0.utf8) })
  }

  /// Returns the status of the answer, and who the peer is if it is admitted.
  private func verdict(on key: Key?, in domain: String, from address: String) -> (status: String, sender: FrameSender?)
  {
    state.withLock { state in
      if let key, state.allowed[domain]?.contains(key) == true { return ("200", .worker(key)) }
      state.refusals += 1
      guard let key, let invitation = state.guests[domain]?[key] else {
        Self.note(address, in: &state.newRefusals)
        // 300, not 400: after a 400, libzmq's client never reconnects, although its key may be allowed a moment later.
        return ("300", nil)
      }
      if invitation == .open {
        state.refusals -= 1
        return ("200", .guest(key))
      }
      Self.note(address, in: &state.newRefusedGuests)
      return (invitation == .used ? InvitationEnd.used.status : InvitationEnd.withdrawn.status, nil)
    }
  }

  private static func note(_ address: String, in refusals: inout [String: Int]) {
    guard refusals[address] != nil || refusals.count < mostAddresses else { return }
    refusals[address, default: 0] += 1
  }
}

/// How an invitation has ended, as a status of the authentication protocol tells its guest.
package enum InvitationEnd: Sendable, Equatable {
  case used
  /// Revoked, or expired.
  case withdrawn

  /// Clients receive only these two statuses.
  fileprivate var status: String { self == .used ? "400" : "500" }

  init?(status: Int32) {
    switch status {
    case 400: self = .used
    case 500: self = .withdrawn
    default: return nil
    }
  }
}

/// Who sent a frame, as access control has determined.
package enum FrameSender: Sendable, Equatable {
  case worker(Key)
  case guest(Key)

  private static let guestMark = "guest "

  fileprivate var text: String {
    switch self {
    case .worker(let key): key.z85
    case .guest(let key): Self.guestMark + key.z85
    }
  }

  init?(text: String) {
    let isGuest = text.hasPrefix(Self.guestMark)
    guard let key = Key(z85: isGuest ? String(text.dropFirst(Self.guestMark.count)) : text) else { return nil }
    self = isGuest ? .guest(key) : .worker(key)
  }
}
