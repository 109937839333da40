internal import Compute
package import Coordination
internal import Foundation
internal import SwiftProtobuf
package import Transport

/// Diagnoses why a worker cannot join a coordinator: performs the steps of joining in turn until one fails.
package struct Doctor {
  package struct Finding: Sendable, Equatable, Codable {
    package let step: String
    package let isWell: Bool
    /// The result; if the step failed, also how to fix it.
    package let text: String
  }

  let endpoint: Endpoint
  private let keys: WorkerKeys?
  let timeout: Milliseconds
  private var findings: [Finding] = []

  /// The difference of the clocks in seconds up to which logs can be compared.
  private static let maxClockDifference = 60.0

  /// - Parameters:
  ///   - keys: The worker's keys; nil for a coordinator without keys.
  ///   - timeout: The time to wait for an answer, in milliseconds.
  package static func examine(_ endpoint: Endpoint, keys: WorkerKeys?, timeout: Milliseconds = 5_000) -> [Finding] {
    var doctor = Doctor(endpoint: endpoint, keys: keys, timeout: timeout)
    _ = doctor.checkName() && doctor.checkPort() && doctor.checkAnswer()
    return doctor.findings
  }

  private init(endpoint: Endpoint, keys: WorkerKeys?, timeout: Milliseconds) {
    (self.endpoint, self.keys, self.timeout) = (endpoint, keys, timeout)
  }

  /// Examines a join token, and whether the coordinator accepts it. Sends nothing as a guest, and uses nothing up.
  package static func examine(_ token: JoinToken, timeout: Milliseconds = 5_000) -> [Finding] {
    let kept: JoinedKeys
    do throws(TransportError) { kept = try JoinedKeys(existingFor: token) } catch {
      return [Finding(step: "token", isWell: false, text: error.description)]
    }
    let endpoint = token.addresses.first { isOpen($0, timeout: timeout) } ?? token.addresses[0]
    var doctor = Doctor(
      endpoint: endpoint, keys: WorkerKeys(own: kept.pair, coordinator: token.coordinator), timeout: timeout)
    _ =
      doctor.check(token, isEnrolled: kept.isKnown) && doctor.checkName() && doctor.checkPort()
      && (kept.isKnown ? doctor.checkAnswer() : doctor.checkGuest(token))
    return doctor.findings
  }

  private static func isOpen(_ endpoint: Endpoint, timeout: Milliseconds) -> Bool {
    guard let host = endpoint.host, let port = endpoint.port else { return false }
    guard case .open = PortProbe.connect(host: host, port: port, timeout: timeout) else { return false }
    return true
  }

  mutating func record(_ step: String, _ isWell: Bool, _ text: String) -> Bool {
    findings.append(Finding(step: step, isWell: isWell, text: text))
    return isWell
  }

  // MARK: Steps

  mutating func checkName() -> Bool {
    guard let host = endpoint.host, endpoint.port != nil else { return true }
    guard let own = LocalAddress.outbound(to: endpoint) else {
      return record(
        "name", false,
        """
        unknown host or no route to \(host): check the spelling, /etc/hosts or the name server, and the network
        """
      )
    }
    return record("name", true, "\(host) is reachable from \(own)")
  }

  mutating func checkPort() -> Bool {
    guard let host = endpoint.host, let port = endpoint.port else { return true }
    switch PortProbe.connect(host: host, port: port, timeout: timeout) {
    case .open: return record("port", true, "a program listens at port \(port)")
    case .refused:
      return record(
        "port", false,
        """
        no program listens at port \(port) of \(host): is the coordinator running with --listen at this address? A \
        coordinator that listens at 127.0.0.1 cannot be reached from other hosts
        """
      )
    case .silent:
      return record(
        "port", false,
        "port \(port) of \(host) does not respond: a firewall drops the packets, or the host is down")
    case .failed(let reason): return record("port", false, "cannot connect to port \(port) of \(host): \(reason)")
    }
  }

  mutating func checkAnswer() -> Bool {
    let security = keys.map { SocketSecurity.client($0.own, server: $0.coordinator) } ?? .none
    // Shorter than a coordinator's handshake timeout, so that the connection ends here first.
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
        case .failed, .refused, .ended: return diagnoseRefusal(after: monotonicMilliseconds() - start)
        case .closed, .accepted: break
        }
      }
      while let frames = socket.receive(frames: 2) {
        guard let first = frames.first, let answer: CoordinatorMessage = MessageCodec.decode(first) else { continue }
        return compare(answer) && checkLargeMessages(socket) && checkWorkers(answer.probeAnswer.exchangeEndpoints)
      }
    }
    if let other = otherProgram() { return other }
    if isAccepted {
      return record(
        "answer", false,
        "the connection is open, but no answer came: another program listens there, or the coordinator hangs")
    }
    return record(
      "answer", false,
      "the connection is not established, for an unknown reason: a firewall or proxy may hold back messages")
  }

  /// Records which program listens there, if it is not a coordinator.
  /// - Parameter hasRefused: Whether it has refused a connection of ZeroMQ.
  /// - Returns: nil if it may be a coordinator.
  private mutating func otherProgram(hasRefused: Bool = false) -> Bool? {
    guard let host = endpoint.host, let port = endpoint.port else { return nil }
    let program: String
    switch ProgramProbe.examine(host: host, port: port, timeout: min(timeout, Self.handshakeTimeout)) {
    case .zeroMQ(_, let type?) where type != "ROUTER": program = "another program with ZeroMQ (its socket is a \(type))"
    case .zeroMQ("NULL", _) where keys != nil:
      return record(
        "key", false,
        "the program at port \(port) works without keys: omit --keys, or start the coordinator with keys")
    case .zeroMQ(let mechanism, _) where !["", "NULL", "CURVE"].contains(mechanism):
      program = "another program with ZeroMQ (it requires the mechanism \(mechanism.filter { $0.isLetter }))"
    case .zeroMQ, .gone: return nil
    // A busy coordinator with keys closes connections as well.
    case .closing where hasRefused: return nil
    case .closing: program = "a program that closes connections immediately"
    case .other(let description): program = description
    case .silent:
      return record(
        "answer", false,
        """
        the program at port \(port) accepts connections but sends nothing: it is not a coordinator, or a coordinator \
        that is suspended
        """)
    }
    return record(
      "answer", false,
      """
      the program at port \(port) is \(program), not a coordinator: start the coordinator with --listen at another \
      port, or correct the port in --join
      """)
  }

  /// Milliseconds after which a handshake has failed.
  private static let handshakeTimeout = 2_000

  /// Records why the connection was refused.
  ///
  /// A coordinator closes the connection at once if it cannot decrypt the handshake: the worker has another key for it,
  /// or one side works without keys. If it can, but this worker's key is not listed, it usually sends nothing more;
  /// rarely, it closes the connection at once as well.
  private mutating func diagnoseRefusal(after time: Milliseconds) -> Bool {
    if let other = otherProgram(hasRefused: true) { return other }
    if keys == nil {
      return record(
        "key", false,
        "the coordinator requires keys: create them with `atelier keys` and name their folder with --keys")
    }
    if keys?.own.publicKey == keys?.coordinator {
      return record(
        "key", false,
        """
        the coordinator does not know this user's key: it was started by another user, who has to create keys for both \
        sides (`atelier keys`), or with --keys, which this worker then requires as well
        """
      )
    }
    return record(
      "key", false,
      time < Self.handshakeTimeout / 2
        ? """
        coordinator.public does not match the key of the program that listens there: copy coordinator.public from the \
        coordinator again. If it is correct, the coordinator rejects this worker's key (copy this worker's NAME.public \
        to the coordinator's folder of keys), or another program with ZeroMQ and keys listens there
        """
        : """
        the coordinator rejects this worker's key: copy this worker's NAME.public to the coordinator's folder of keys, \
        which is read again every second
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
        """
        the program there answers, but not as a coordinator: it is another program with ZeroMQ, or another version of \
        Atelier
        """
      )
    }
    _ = record(
      "key", true,
      keys == nil ? "no keys are required" : "the coordinator accepts this worker's key and has proved its own")
    guard other.numerics == numericsVersion else {
      return record(
        "version", false,
        """
        the coordinator is Atelier \(other.version) and this is Atelier \(atelierVersion), which compute different \
        bits: install the same version on both hosts
        """
      )
    }
    _ = record("version", true, "both compute the same bits (Atelier \(other.version) and \(atelierVersion))")
    let apart = abs(Double(other.clock) - Double(Self.clock)) / 1_000_000
    _ = record(
      "clock", apart < Self.maxClockDifference,
      apart < Self.maxClockDifference
        ? "the clocks agree"
        : """
        the clocks differ by \(Int(min(apart, 1e12))) s: results are not affected, but times in logs are misleading; \
        synchronize both with NTP
        """
    )
    let cache = BlobCache()
    return record(
      "data", cache?.isWritable == true,
      cache?.isWritable == true
        ? "downloaded files are kept in \(cache!.folder)"
        : """
        there is no writable cache folder, so files are downloaded each time: set HOME or XDG_CACHE_HOME to a writable \
        folder
        """
    )
  }
}
