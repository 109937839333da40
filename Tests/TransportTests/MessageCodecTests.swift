import Compute
import Coordination
import Foundation
import SwiftProtobuf
import Testing
import Transport

/// Decoding arbitrary bytes returns a message or nil.
@Suite struct MessageCodecTests {
  /// The maximum size of a protocol buffer that is decoded.
  private static let limit = 256 << 10

  // MARK: One of every kind

  private static let status: WorkerStatus = .with {
    ($0.number, $0.orders, $0.coordinator) = (7, 6, 1 << 50)
    $0.profile = .with {
      ($0.host, $0.process, $0.threads, $0.instructionSet) = ("nœud-1", 4_711, 8, "AVX-512")
      ($0.numerics, $0.version, $0.exchangeEndpoint) = (3, "1.2.3", "tcp://192.0.2.1:7701")
      $0.exchangeKey = Data(0..<32)
    }
    $0.membership = .with {
      ($0.job, $0.generation, $0.step, $0.stopped) = (2, 3, 400, true)
      ($0.agreedStep, $0.agreedDigest) = (350, .max)
      $0.comparisons = [
        .with {
          ($0.step, $0.finished) = (400, true)
          ($0.tensorDigests, $0.gradientDigests) = ([1, .max, 1 << 40], [0, 7])
        }
      ]
      $0.progress = .with {
        ($0.epoch, $0.epochs, $0.done, $0.total, $0.loss) = (2, 5, 1_000, 60_000, 0.25)
        ($0.validationAccuracy, $0.images, $0.stepMicroseconds) = (-1, 128, 12_345)
      }
      ($0.waitingFor, $0.waitingMilliseconds) = (99, 250)
    }
    ($0.leaving, $0.tasksDone) = (true, 12)
    $0.error = .with { ($0.reason, $0.insufficientMemory) = ("no memory", true) }
  }

  private static let orders: Orders = .with {
    $0.number = 9
    $0.job = .with { ($0.id, $0.description_p) = (1, Data(repeating: 5, count: 300)) }
    $0.chunks = (0..<3).map { number in .with { ($0.id, $0.first, $0.count) = (UInt64(number), UInt64(8 * number), 8) }
    }
    $0.group = .with {
      ($0.generation, $0.begun, $0.step, $0.source, $0.savedStep, $0.pause) = (4, true, 400, 77, 350, true)
      ($0.digest, $0.agreedStep, $0.agreedDigest, $0.interval, $0.checkedShards) = (5, 420, 6, 20, 1)
      $0.members = (0..<2).map { number in
        .with {
          ($0.worker, $0.endpoint, $0.threads) = (UInt64(number), "tcp://192.0.2.\(number):7701", 8)
          $0.key = Data(repeating: UInt8(number), count: 32)
        }
      }
    }
  }

  static let workerMessages: [WorkerMessage] = [
    .status(status),
    .result(
      .with {
        ($0.job, $0.chunk, $0.digest, $0.milliseconds) = (1, 2, Data(repeating: 9, count: 32), 5)
        $0.error.reason = "it fails"
        ($0.bytes.count, $0.bytes.digest) = (1 << 30, Data(repeating: 8, count: 32))
      }),
    .checkpoint(.with { ($0.job, $0.step, $0.finished, $0.digest) = (1, 500, true, 9) }),
    .blobRequest(.with { ($0.digest, $0.offset, $0.count) = (Data(repeating: 3, count: 32), 1 << 40, 1 << 20) }),
    .probe(.with { ($0.clock, $0.echo) = (1 << 50, 1 << 20) }),
    .uploadPart(.with { ($0.digest, $0.offset, $0.total) = (Data(repeating: 4, count: 32), 1 << 20, 1 << 30) }),
    .enrollment(.with { ($0.key, $0.host) = (Data(repeating: 5, count: 32), "host") }),
  ].map { (body: WorkerMessage.OneOf_Body) in
    .with { ($0.protocol, $0.worker, $0.body) = (MessageCodec.version, .max, body) }
  }

  static let coordinatorMessages: [CoordinatorMessage] = [
    .orders(orders),
    .blobPart(.with { ($0.digest, $0.offset, $0.total) = (Data(repeating: 3, count: 32), 1 << 20, 1 << 30) }),
    .refusal(.with { $0.reason = "another version" }),
    .probeAnswer(
      .with {
        ($0.clock, $0.version, $0.numerics, $0.exchangeEndpoints) = (1 << 50, "1.2.3", 3, ["tcp://a:1"])
      }),
    .uploadRequest(.with { ($0.digest, $0.offset, $0.count) = (Data(repeating: 4, count: 32), 1 << 40, 1 << 20) }),
    .enrolled(.with { $0.name = "host" }),
  ].map { (body: CoordinatorMessage.OneOf_Body) in
    .with { ($0.protocol, $0.coordinator, $0.body) = (MessageCodec.version, 1 << 50, body) }
  }

  // MARK: Valid messages

  @Test(arguments: workerMessages) func workerMessageRoundTrips(message: WorkerMessage) {
    #expect(MessageCodec.decode(MessageCodec.encode(message)) == message)
  }

  @Test(arguments: coordinatorMessages) func coordinatorMessageRoundTrips(message: CoordinatorMessage) {
    #expect(MessageCodec.decode(MessageCodec.encode(message)) == message)
  }

  @Test func everyKindOfMessageIsTested() {
    // Adding a kind of message makes these switches incomplete.
    let ofWorkers = Self.workerMessages.map { message in
      switch message.body {
      case .status: 0
      case .result: 1
      case .checkpoint: 2
      case .blobRequest: 3
      case .probe: 4
      case .uploadPart: 5
      case .enrollment: 6
      case nil: -1
      }
    }
    let ofCoordinators = Self.coordinatorMessages.map { message in
      switch message.body {
      case .orders: 0
      case .blobPart: 1
      case .refusal: 2
      case .probeAnswer: 3
      case .uploadRequest: 4
      case .enrolled: 5
      case nil: -1
      }
    }
    #expect(ofWorkers == [0, 1, 2, 3, 4, 5, 6] && ofCoordinators == [0, 1, 2, 3, 4, 5])
  }

  @Test func unknownFieldsAreDropped() throws {
    // Field 2047 with a text, at the end of a message.
    let added: [UInt8] = [0xFA, 0x7F, 3, 1, 2, 3]
    for message in Self.workerMessages {
      #expect(MessageCodec.decode(Frame(MessageCodec.encode(message).array + added)) == message)
    }
  }

  // MARK: Invalid messages

  /// Decodes the bytes and encodes the message again. Returns nil if the bytes are not a message.
  private func reencoded<Body: ClusterMessage>(_: Body.Type, _ bytes: [UInt8]) -> [UInt8]? {
    let message: Body? = MessageCodec.decode(Frame(bytes))
    return message.map { MessageCodec.encode($0).array }
  }

  /// Returns whether the bytes are a message of either side, and expects that such a message round-trips.
  private func isDecodable(_ bytes: [UInt8]) -> Bool {
    let worker = reencoded(WorkerMessage.self, bytes)
    let coordinator = reencoded(CoordinatorMessage.self, bytes)
    if let worker, !worker.isEmpty { #expect(reencoded(WorkerMessage.self, worker) == worker) }
    if let coordinator, !coordinator.isEmpty { #expect(reencoded(CoordinatorMessage.self, coordinator) == coordinator) }
    return worker != nil || coordinator != nil
  }

  private static let encodings =
    workerMessages.map { MessageCodec.encode($0).array } + coordinatorMessages.map { MessageCodec.encode($0).array }

  @Test func emptyFrameIsNotAMessage() { #expect(!isDecodable([])) }

  @Test func messageSizeIsLimited() {
    // A tag and a length of three bytes, twice: the refusal and its reason.
    for (count, isDecodable) in [(Self.limit, true), (Self.limit + 1, false), (4 * Self.limit, false)] {
      let message = CoordinatorMessage.with { $0.refusal.reason = String(repeating: "x", count: count - 8) }
      let frame = MessageCodec.encode(message)
      #expect(frame.count == count)
      // The text is truncated: see MessageBoundsTests.
      let decoded: CoordinatorMessage? = MessageCodec.decode(frame)
      #expect((decoded != nil) == isDecodable)
    }
  }

  @Test(arguments: [(depth: 4, isDecodable: true), (20, false), (1_000, false), (60_000, false)])
  func nestingDepthIsLimited(depth: Int, isDecodable: Bool) {
    // Field 2047, which is unknown: the start and the end of a group.
    let (begin, end): ([UInt8], [UInt8]) = ([0xFB, 0x7F], [0xFC, 0x7F])
    let nested = [begin, end].flatMap { tag in (0..<depth).flatMap { _ in tag } }
    for message in Self.encodings { #expect(self.isDecodable(message + nested) == isDecodable) }
    #expect(!self.isDecodable((0..<Self.limit / 2).flatMap { _ in begin }))
  }

  @Test func decodingRandomBytesNeverCrashes() {
    var random = RandomSequence(seed: 1, .test)
    for _ in 0..<5_000 {
      _ = isDecodable((0..<random.next(below: 200)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }
  }

  @Test func decodingTruncatedMessagesNeverCrashes() {
    for message in Self.encodings {
      for count in 0..<message.count { _ = isDecodable(Array(message[..<count])) }
    }
  }

  @Test(arguments: encodings.indices) func decodingDamagedMessagesNeverCrashes(kind: Int) {
    var random = RandomSequence(seed: 2, .test, UInt32(kind))
    var counts = [true: 0, false: 0]
    for _ in 0..<3_000 { counts[isDecodable(Self.damaged(Self.encodings[kind], &random)), default: 0] += 1 }
    // Both outcomes occur.
    #expect(counts.values.allSatisfy { $0 > 50 }, "\(counts)")
  }

  /// Applies one to four changes: a bit flipped, a byte replaced or inserted, a piece duplicated, or the end cut off.
  private static func damaged(_ message: [UInt8], _ random: inout RandomSequence) -> [UInt8] {
    var bytes = message
    for _ in 0...random.next(below: 3) where !bytes.isEmpty {
      let place = Int(random.next(below: UInt32(bytes.count)))
      switch random.next(below: 5) {
      case 0: bytes[place] ^= 1 << UInt8(random.next(below: 8))
      case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
      case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
      case 3: bytes.insert(contentsOf: bytes[place..<min(place + 16, bytes.count)], at: place)
      default: bytes.removeSubrange(place...)
      }
    }
    return bytes
  }
}
