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
  private let timeout: Milliseconds
  private var findings: [Finding] = []

  /// Clocks that differ by more confuse whoever compares logs.
  private static let maxClockDifference = 60.0

  /// - Parameters:
  ///   - keys: nil for a coordinator without keys
  ///   - timeout: how long to wait for an answer
  package static func examine(_ endpoint: Endpoint, keys: WorkerKeys?, timeout: Milliseconds = 5_000) -> [Finding] {
    var doctor = Doctor(endpoint: endpoint, keys: keys, timeout: timeout)
    _ = doctor.checkName() && doctor.checkPort() && doctor.checkAnswer()
    return doctor.findings
  }

  private init(endpoint: Endpoint, keys: WorkerKeys?, timeout: Milliseconds) {
    (self.endpoint, self.keys, self.timeout) = (endpoint, keys, timeout)
  }

  private mutating func record(_ step: String, _ isWell: Bool, _ text: String) -> Bool {
    findings.append(Finding(step: step, isWell: isWell, text: text))
    return isWell
  }

  // MARK: Steps

  private mutating func checkName() -> Bool {
    guard let host = endpoint.host, let port = endpoint.port else { return true }
    guard let own = LocalAddress.outbound(toHost: host, port: port) else {
      return record(
        "name", false,
        """
        \(host) is no host that this one knows, or there is no way to it: check the spelling, /etc/hosts or the name \
        server, and the network
        """
      )
    }
    return record("name", true, "\(host) is known, and reached from \(own)")
  }

  private mutating func checkPort() -> Bool {
    guard let host = endpoint.host, let port = endpoint.port else { return true }
    switch PortProbe.connect(host: host, port: port, timeout: timeout) {
    case .open: return record("port", true, "something listens at port \(port)")
    case .refused:
      return record(
        "port", false,
        """
        nobody listens at port \(port) of \(host): is the coordinator running, with --listen at this very address? A \
        coordinator that listens at 127.0.0.1 is not reached from other hosts
        """
      )
    case .silent:
      return record(
        "port", false,
        "port \(port) of \(host) does not answer: a firewall on the way drops what is sent there, or the host is down")
    case .failed(let reason): return record("port", false, "port \(port) of \(host) cannot be reached: \(reason)")
    }
  }

  private mutating func checkAnswer() -> Bool {
    let security = keys.map { SocketSecurity.client($0.own, server: $0.coordinator) } ?? .none
    // Shorter than a coordinator's timeout, so that the connection is given up here first.
    var bounds = Socket.Bounds()
    bounds.handshake = Int32(Self.handshakeTimeout)
    do throws(TransportError) {
      try ZeroMQLibrary.check()
      let sockets = try SocketContext()
      let socket = try Socket(.dealer, in: sockets, security: security, bounds: bounds)
      let monitor = try ConnectionMonitor(socket, name: "doctor", in: sockets)
      try socket.connect(endpoint)
      return ask(socket, monitor)
    } catch {
      return record("answer", false, error.description)
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
    while monotonicMilliseconds() < start + max(timeout, 2 * Self.handshakeTimeout) {
      socket.wait(milliseconds: 50)
      while let event = monitor.next() {
        switch event {
        case .ready: isAccepted = true
        case .failed, .refused: return diagnoseRefusal(after: monotonicMilliseconds() - start)
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
      return record(
        "answer", false,
        "the connection stands, but nobody checkAnswer: it may be another program, or a coordinator that hangs")
    }
    return record(
      "answer", false,
      "the connection does not come about, and nobody says why: something on the way may hold messages back")
  }

  /// Reports which program listens there, if it is not a coordinator.
  /// - Parameter hasRefused: whether it has refused a connection of ZeroMQ
  /// - Returns: nil if it may be one
  private mutating func otherProgram(hasRefused: Bool = false) -> Bool? {
    guard let host = endpoint.host, let port = endpoint.port else { return nil }
    let program: String
    switch ProgramProbe.examine(host: host, port: port, timeout: min(timeout, Self.handshakeTimeout)) {
    case .zeroMQ(_, let type?) where type != "ROUTER": program = "another program with ZeroMQ (its socket is a \(type))"
    case .zeroMQ("NULL", _) where keys != nil:
      return record(
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
      return record(
        "answer", false,
        """
        what listens at port \(port) takes connections and says nothing: it is another program, or a coordinator that is \
        suspended
        """)
    }
    return record(
      "answer", false,
      """
      what listens at port \(port) is \(program), not a coordinator: start the coordinator with --listen at another port, or \
      write its port in --join
      """)
  }

  /// Milliseconds after which a connection that has not come about is given up.
  private static let handshakeTimeout = 2_000

  /// A coordinator closes the connection at once if it cannot read what it is told: a key that is not its own, keys that it does not work
  /// with, or none. If it can, but this worker's key is not on its list, it says nothing more, as a rule: seldom, it closes at once as well.
  private mutating func diagnoseRefusal(after time: Milliseconds) -> Bool {
    if let other = otherProgram(hasRefused: true) { return other }
    if keys == nil {
      return record(
        "key", false, "the coordinator wants keys: `atelier keys` makes them, and --keys names their folder")
    }
    if keys?.own.publicKey == keys?.coordinator {
      return record(
        "key", false,
        """
        the coordinator does not have this user's key: it belongs to another user, who has to give keys to both sides \
        (`atelier keys`), or it was started with --keys, and so must this worker be
        """
      )
    }
    return record(
      "key", false,
      time < Self.handshakeTimeout / 2
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
    case .refusal(let refusal): return record("version", false, refusal.reason)
    default:
      return record(
        "answer", false,
        "what listens there checkAnswer, but not as a coordinator does: it is another program with ZeroMQ, or another version"
      )
    }
    _ = record(
      "key", true, keys == nil ? "no keys are needed" : "the coordinator knows this worker's key, and proves its own")
    guard other.numerics == numericsVersion else {
      return record(
        "version", false,
        """
        the coordinator is Atelier \(other.version), this is \(atelierVersion), and they do not compute the same bits: \
        install the same version on both
        """
      )
    }
    _ = record("version", true, "both compute by the same rules (Atelier \(other.version) and \(atelierVersion))")
    let apart = abs(Double(other.clock) - Double(Self.clock)) / 1_000_000
    _ = record(
      "clock", apart < Self.maxClockDifference,
      apart < Self.maxClockDifference
        ? "the clocks agree"
        : "the clocks are \(Int(min(apart, 1e12))) s apart: results are the same, but logs will confuse; let NTP set both"
    )
    let cache = BlobCache()
    return record(
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
