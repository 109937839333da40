internal import Compute
package import Coordination
internal import Foundation
internal import SwiftProtobuf
package import Transport

/// Finds out why a worker cannot join a coordinator: does what a worker does, one step after the other, and says where it ends.
package struct Doctor {
  package struct Finding: Sendable, Equatable, Codable {
    package let step: String
    package let isWell: Bool
    /// What was found; if it is not well, also what to do about it.
    package let text: String
  }

  private let endpoint: Endpoint
  private let keys: WorkerKeys?
  private let patience: Milliseconds
  private var findings: [Finding] = []

  /// Clocks that differ by more confuse whoever compares logs.
  private static let clockTolerance = 60.0

  /// - Parameters:
  ///   - keys: nil for a coordinator without keys
  ///   - patience: how long to wait for an answer
  package static func examine(_ endpoint: Endpoint, keys: WorkerKeys?, patience: Milliseconds = 5_000) -> [Finding] {
    var doctor = Doctor(endpoint: endpoint, keys: keys, patience: patience)
    _ = doctor.resolves() && doctor.isOpen() && doctor.answers()
    return doctor.findings
  }

  private init(endpoint: Endpoint, keys: WorkerKeys?, patience: Milliseconds) {
    (self.endpoint, self.keys, self.patience) = (endpoint, keys, patience)
  }

  private mutating func note(_ step: String, _ isWell: Bool, _ text: String) -> Bool {
    findings.append(Finding(step: step, isWell: isWell, text: text))
    return isWell
  }

  // MARK: Steps

  private mutating func resolves() -> Bool {
    guard let host = endpoint.host, let port = endpoint.port else { return true }
    guard let own = LocalAddress.towards(host: host, port: port) else {
      return note(
        "name", false,
        """
        \(host) is no host that this one knows, or there is no way to it: check the spelling, /etc/hosts or the name \
        server, and the network
        """
      )
    }
    return note("name", true, "\(host) is known, and reached from \(own)")
  }

  private mutating func isOpen() -> Bool {
    guard let host = endpoint.host, let port = endpoint.port else { return true }
    switch PortProbe.connect(host: host, port: port, patience: patience) {
    case .open: return note("port", true, "something listens at port \(port)")
    case .refused:
      return note(
        "port", false,
        """
        nobody listens at port \(port) of \(host): is the coordinator running, with --listen at this very address? A \
        coordinator that listens at 127.0.0.1 is not reached from other hosts
        """
      )
    case .silent:
      return note(
        "port", false,
        "port \(port) of \(host) does not answer: a firewall on the way drops what is sent there, or the host is down")
    case .failed(let reason): return note("port", false, "port \(port) of \(host) cannot be reached: \(reason)")
    }
  }

  private mutating func answers() -> Bool {
    let security = keys.map { SocketSecurity.client($0.own, server: $0.coordinator) } ?? .none
    // Shorter than a coordinator's patience, so that the connection is given up here first.
    var bounds = Socket.Bounds()
    bounds.handshake = Int32(Self.handshake)
    do throws(TransportError) {
      try ZeroMQLibrary.check()
      let sockets = try SocketContext()
      let socket = try Socket(.dealer, in: sockets, security: security, bounds: bounds)
      let monitor = try ConnectionMonitor(socket, name: "doctor", in: sockets)
      try socket.connect(endpoint)
      return ask(socket, monitor)
    } catch {
      return note("answer", false, error.description)
    }
  }

  private mutating func ask(_ socket: borrowing Socket, _ monitor: borrowing ConnectionMonitor) -> Bool {
    let message = WorkerMessage.with {
      $0.protocol = MessageCodec.version
      $0.probe.clock = Self.clock
    }
    socket.send([MessageCodec.encode(message)])
    let start = monotonicMilliseconds()
    var isAccepted = false
    while monotonicMilliseconds() < start + max(patience, 2 * Self.handshake) {
      socket.wait(milliseconds: 50)
      while let event = monitor.next() {
        switch event {
        case .ready: isAccepted = true
        case .failed, .refused: return refuse(after: monotonicMilliseconds() - start)
        case .closed: break
        }
      }
      while let frames = socket.receive(frames: 2) {
        guard let first = frames.first, let answer: CoordinatorMessage = MessageCodec.decode(first) else { continue }
        return compare(answer)
      }
    }
    if let other = otherProgram() { return other }
    if isAccepted {
      return note(
        "answer", false,
        "the connection stands, but nobody answers: it may be another program, or a coordinator that hangs")
    }
    return note(
      "answer", false,
      "the connection does not come about, and nobody says why: something on the way may hold messages back")
  }

  /// Reports which program listens there, if it is not a coordinator.
  /// - Parameter hasRefused: whether it has refused a connection of ZeroMQ
  /// - Returns: nil if it may be one
  private mutating func otherProgram(hasRefused: Bool = false) -> Bool? {
    guard let host = endpoint.host, let port = endpoint.port else { return nil }
    let program: String
    switch ProgramProbe.examine(host: host, port: port, patience: min(patience, Self.handshake)) {
    case .zeroMQ(_, let type?) where type != "ROUTER": program = "another program with ZeroMQ (its socket is a \(type))"
    case .zeroMQ("NULL", _) where keys != nil:
      return note(
        "key", false,
        "what listens at port \(port) works without keys: leave out --keys, or start the coordinator with keys")
    case .zeroMQ(let mechanism, _) where !["", "NULL", "CURVE"].contains(mechanism):
      program = "another program with ZeroMQ (it wants the mechanism \(mechanism.filter { $0.isLetter }))"
    case .zeroMQ, .gone: return nil
    // So does a coordinator that works with keys, when it is busy.
    case .closing where hasRefused: return nil
    case .closing: program = "a program that closes the connection at once"
    case .other(let description): program = description
    case .silent:
      return note(
        "answer", false,
        """
        what listens at port \(port) takes connections and says nothing: it is another program, or a coordinator that is \
        suspended
        """)
    }
    return note(
      "answer", false,
      """
      what listens at port \(port) is \(program), not a coordinator: start the coordinator with --listen at another port, or \
      write its port in --join
      """)
  }

  /// Milliseconds after which a connection that has not come about is given up.
  private static let handshake = 2_000

  /// A coordinator closes the connection at once if it cannot read what it is told: a key that is not its own, keys that it does not work
  /// with, or none. If it can, but this worker's key is not on its list, it says nothing more, as a rule: seldom, it closes at once as well.
  private mutating func refuse(after time: Milliseconds) -> Bool {
    if let other = otherProgram(hasRefused: true) { return other }
    if keys == nil {
      return note(
        "key", false, "the coordinator wants keys: `atelier keys` makes them, and --keys names their folder")
    }
    if keys?.own.publicKey == keys?.coordinator {
      return note(
        "key", false,
        """
        the coordinator does not have this user's key: it belongs to another user, who has to give keys to both sides \
        (`atelier keys`), or it was started with --keys, and so must this worker be
        """
      )
    }
    return note(
      "key", false,
      time < Self.handshake / 2
        ? """
        coordinator.public is not the key of what listens there: copy the coordinator's coordinator.public again. If that is \
        right, the coordinator turns this key away (copy this worker's NAME.public into its folder of keys), or another \
        program with ZeroMQ and keys of its own listens there
        """
        : """
        the coordinator turns this key away: copy this worker's NAME.public into the coordinator's folder of keys; \
        it is looked at every second
        """
    )
  }

  private static var clock: UInt64 { UInt64(Date().timeIntervalSince1970 * 1_000_000) }

  private mutating func compare(_ message: CoordinatorMessage) -> Bool {
    let other: ProbeAnswer
    switch message.body {
    case .probeAnswer(let answer): other = answer
    case .refusal(let refusal): return note("version", false, refusal.reason)
    default:
      return note(
        "answer", false,
        "what listens there answers, but not as a coordinator does: it is another program with ZeroMQ, or another version"
      )
    }
    _ = note(
      "key", true, keys == nil ? "no keys are needed" : "the coordinator knows this worker's key, and proves its own")
    guard other.numerics == numericsVersion else {
      return note(
        "version", false,
        """
        the coordinator is Atelier \(other.version), this is \(atelierVersion), and they do not compute the same bits: \
        install the same version on both
        """
      )
    }
    _ = note("version", true, "both compute by the same rules (Atelier \(other.version) and \(atelierVersion))")
    let apart = abs(Double(other.clock) - Double(Self.clock)) / 1_000_000
    _ = note(
      "clock", apart < Self.clockTolerance,
      apart < Self.clockTolerance
        ? "the clocks agree"
        : "the clocks are \(Int(min(apart, 1e12))) s apart: results are the same, but logs will confuse; let NTP set both"
    )
    let cache = BlobCache()
    return note(
      "data", cache?.isWritable == true,
      cache?.isWritable == true
        ? "the worker will fetch what it lacks, and keep it in \(cache!.folder)"
        : """
        there is no folder to keep files in that are fetched: they will be fetched each time; set HOME or \
        XDG_CACHE_HOME to a writable folder
        """
    )
  }
}
