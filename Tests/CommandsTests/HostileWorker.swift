import Coordination
import Foundation
import SwiftProtobuf
import Transport

/// A worker with a valid key that sends the messages of a test.
final class HostileWorker {
  let id = UInt64.random(in: 1...UInt64.max)
  private let socket: Socket
  private(set) var orders = Orders()
  private(set) var coordinator: UInt64 = 0
  private(set) var refusal: String?
  private var number: UInt64 = 0

  /// - Parameter home: the home directory of the coordinator's user
  init(joining port: UInt16, home: String) throws {
    let pair = try KeyFiles.currentUserKeys(environment: ["HOME": home])
    let context = try SocketContext()
    socket = try Socket(.dealer, in: context, security: .client(pair, server: pair.publicKey))
    try socket.connect(Endpoint("tcp://127.0.0.1:\(port)"))
  }

  /// Returns the status that an honest worker would send.
  func status() -> WorkerStatus {
    number += 1
    return .with {
      ($0.number, $0.orders, $0.coordinator) = (number, orders.number, coordinator)
      ($0.profile.host, $0.profile.process, $0.profile.threads) = ("mallory\u{1B}[31m", 66, 1)
      ($0.profile.numerics, $0.profile.exchangeEndpoint) = (numerics, "tcp://127.0.0.1:1")
      $0.profile.exchangeKey = Data(repeating: 7, count: 32)
    }
  }

  /// The numerics version of the coordinator, from its answer to a probe; 0 before.
  private(set) var numerics: UInt32 = 0

  func send(_ bytes: [UInt8]...) {
    // Waits while the queue is full: a dropped message would test nothing.
    for _ in 0..<1_000 {
      if socket.send(bytes.map { Frame($0) }) { return }
      usleep(1_000)
    }
  }

  func send(_ body: [UInt8]? = nil, _ fill: (inout WorkerMessage) -> Void) throws {
    var message = WorkerMessage.with { ($0.protocol, $0.worker) = (MessageCodec.version, id) }
    fill(&message)
    let bytes: [UInt8] = try message.serializedBytes()
    if let body { send(bytes, body) } else { send(bytes) }
  }

  /// Handles all messages that have arrived.
  func receive() {
    while let frames = socket.receive(frames: 2) {
      guard let message: CoordinatorMessage = frames.first.flatMap({ MessageCodec.decode($0) }) else { continue }
      coordinator = message.coordinator
      switch message.body {
      case .orders(let new): orders = new
      case .refusal(let given): refusal = given.reason
      case .probeAnswer(let answer): numerics = answer.numerics
      default: break
      }
    }
  }

  /// Joins and waits for a job.
  /// - Returns: whether the worker was given a job
  func join() throws -> Bool {
    try send { $0.probe.clock = 1 }
    for _ in 0..<3_000 where numerics == 0 {
      receive()
      usleep(5_000)
    }
    for round in 0..<6_000 where !orders.hasJob && refusal == nil {
      if round % 50 == 0 { try send { $0.status = status() } }
      receive()
      usleep(2_000)
    }
    return orders.hasJob
  }

  /// Leaves in an orderly way, so that its departure does not count as a failure of its task.
  func leave() throws {
    try send { message in
      message.status = status()
      message.status.number = 1 << 48
      message.status.leaving = true
    }
    usleep(50_000)
  }
}
