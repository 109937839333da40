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
    var refusals = 0
    /// Refusals since the last call of ``takeRefusals()``, by address.
    var newRefusals: [String: Int] = [:]
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

  /// The number of refused connections.
  package var refusals: Int { state.withLock { $0.refusals } }

  /// Returns the number of refused connections by address since the last call, for the first 1,000 addresses.
  package func takeRefusals() -> [String: Int] {
    state.withLock { state in
      defer { state.newRefusals = [:] }
      return state.newRefusals
    }
  }

  private static let mostAddresses = 1_000

  /// Answers a request: [sender, empty, version, request id, domain, address, identity, mechanism, credentials…].
  private func answer(_ frames: [Frame], on socket: borrowing Socket) {
    guard frames.count >= 8 else { return }
    func text(_ index: Int) -> String { String(decoding: frames[index].array, as: UTF8.self) }
    let isAllowed =
      text(7) == "CURVE" && frames.count == 9
      && Key(bytes: frames[8].array).map { key in
        state.withLock { $0.allowed[text(4)]?.contains(key) ?? false }
      } ?? false
    if !isAllowed { noteRefusal(of: text(5)) }
    // 300, not 400: after a 400, libzmq's client never reconnects, although its key may be allowed a moment later.
    let status = isAllowed ? ("200", "OK") : ("300", "this key is not allowed")
    socket.send(
      [frames[0], frames[1], frames[2], frames[3]]
        + [status.0, status.1, "", ""].map { Frame($0.utf8) })
  }

  private func noteRefusal(of address: String) {
    state.withLock { state in
      state.refusals += 1
      guard state.newRefusals[address] != nil || state.newRefusals.count < Self.mostAddresses else { return }
      state.newRefusals[address, default: 0] += 1
    }
  }
}
