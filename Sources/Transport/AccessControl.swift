internal import CZeroMQ
internal import Compute
internal import Foundation
internal import Synchronization

/// Decides which public keys may connect, for every CURVE server socket of a context (ZeroMQ's authentication protocol, RFC 27).
///
/// It must exist before any server socket does. Sockets are set to let nobody in when nobody answers here.
package final class AccessControl: Sendable {
  private struct State {
    var allowed: [String: Set<Key>] = [:]
    var refusals = 0
    /// Those that have not been asked for yet, by address.
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

  /// Stops answering: from now on, nobody gets in.
  package func end() {
    state.withLock { $0.isEnding = true }
    ended.wait()
    ended.signal()
  }

  /// From now on these are let in, and nobody else: they take the place of those that were allowed in the domain before.
  package func allow(_ keys: Set<Key>, in domain: String) { state.withLock { $0.allowed[domain] = keys } }

  /// How often somebody was turned away.
  package var refusals: Int { state.withLock { $0.refusals } }

  /// How often somebody at each address was turned away since this was last asked for; of very many addresses, only of the first.
  package func takeRefusals() -> [String: Int] {
    state.withLock { state in
      defer { state.newRefusals = [:] }
      return state.newRefusals
    }
  }

  private static let mostAddresses = 1_000

  /// Request: [sender, empty, version, request id, domain, address, identity, mechanism, credentials…].
  private func answer(_ frames: [Frame], on socket: borrowing Socket) {
    guard frames.count >= 8 else { return }
    func text(_ index: Int) -> String { String(decoding: frames[index].array, as: UTF8.self) }
    let isAllowed =
      text(7) == "CURVE" && frames.count == 9
      && Key(bytes: frames[8].array).map { key in
        state.withLock { $0.allowed[text(4)]?.contains(key) ?? false }
      } ?? false
    if !isAllowed { noteRefusal(of: text(5)) }
    // 300, not 400: after a 400 libzmq's client never connects again, though its key may be put on the list a moment later.
    let status = isAllowed ? ("200", "OK") : ("300", "this key is not on the list")
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
