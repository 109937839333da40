import Cluster
import Compute
import Coordination
import SwiftProtobuf
import Testing
import Transport

/// Tests that the exchanged sums have the same bits as those of one process, however the shards are distributed.
struct GradientExchangeTests {
  private static let shards = 16
  /// Kernels require counts and offsets that are multiples of 16.
  private static let count = 336
  private static let buckets = [192..<count, 16..<192, 0..<16]

  /// The gradients of all shards. The magnitudes differ widely, so that the order of additions affects the sum.
  private static let gradients: [[Float]] = (0..<shards).map { shard in
    let scale: Float = shard % 3 == 0 ? 1e4 : 1e-3
    return (0..<count).map { index -> Float in
      let number = (index * 7919 + shard * 104_729) % 1_000 - 500
      return scale * Float(number)
    }
  }

  /// The sum along the summation tree.
  private static func sum(_ node: Range<Int>) -> [Float] {
    if node.count == 1 { return gradients[node.lowerBound] }
    let middle = SummationTree.split(node)
    return zip(sum(node.lowerBound..<middle), sum(middle..<node.upperBound)).map { $0 + $1 }
  }

  private final class Member {
    /// Each member has its own thread team, because a team serves one thread at a time and tests run concurrently.
    let exchange: GradientExchange
    let sums: [UnsafeMutablePointer<Float>]

    /// - Parameter memory: the memory for sent data; nil: data is sent in frames
    init(_ place: Int, _ ranges: [Range<Int>], memory: SharedMemory? = nil) {
      exchange = GradientExchange(
        shards: GradientExchangeTests.shards, on: ComputeContext(threads: 2, instructionSet: .portable)
      ) { count, write in
        count > 0 ? memory?.frame(count: count, write) ?? Frame(count: count, write) : Frame(count: count, write)
      }
      let tree = SummationTree(leafCount: GradientExchangeTests.shards)
      let subtrees = ranges[place].isEmpty ? [] : tree.subtrees(inside: ranges[place])
      sums = subtrees.map { node in
        let sum = UnsafeMutableRawPointer.allocate(byteCount: 4 * GradientExchangeTests.count, alignment: 64)
          .bindMemory(to: Float.self, capacity: GradientExchangeTests.count)
        sum.initialize(from: GradientExchangeTests.sum(node), count: GradientExchangeTests.count)
        return sum
      }
      exchange.reset(memberCount: ranges.count, me: place)
    }

    deinit { for sum in sums { sum.deallocate() } }

    var pointers: [UnsafePointer<Float>] { sums.map { UnsafePointer($0) } }
  }

  private func header(
    _ kind: ExchangeHeader.Kind, _ piece: GradientExchange.Piece, from sender: Int, microseconds: UInt32
  ) -> ExchangeHeader {
    ExchangeHeader.with {
      ($0.kind, $0.step, $0.bucket, $0.sender) = (kind, piece.step, UInt32(piece.bucket), UInt32(sender))
      $0.microseconds = microseconds
    }
  }

  /// Returns the frame as another member receives it, from shared memory if it is there.
  private func received(_ sent: Frame) throws -> Frame {
    guard let shared = sent.shared else { return sent }
    return try #require(PeerMemory(of: shared)?.frame(shared))
  }

  @Test(
    arguments: [
      [0..<8, 8..<16], [0..<3, 3..<16], [0..<16, 16..<16], [0..<0, 0..<16],
      [0..<5, 5..<6, 6..<16], [0..<4, 4..<4, 4..<9, 9..<16], [0..<1, 1..<2, 2..<3, 3..<16, 16..<16],
    ] as [[Range<Int>]], [false, true])
  func everyMemberHasSameTotalAsOneProcess(ranges: [Range<Int>], isShared: Bool) throws {
    let members = ranges.indices.map {
      Member($0, ranges, memory: isShared ? SharedMemory() : nil)
    }
    let others = { (place: Int) in ranges.indices.filter { $0 != place } }
    let step: UInt64 = 5
    for member in members { _ = member.exchange.begin(step: step, buckets: Self.buckets, ranges: ranges) }
    for bucket in Self.buckets.indices {
      let piece = GradientExchange.Piece(step: step, bucket: bucket)
      let isLast = bucket == Self.buckets.count - 1
      for (place, member) in members.enumerated() where !ranges[place].isEmpty {
        member.exchange.note(sums: member.pointers, step: step, microseconds: isLast ? UInt32(place + 1) : nil)
        for other in others(place) {
          let body = try #require(member.exchange.message(.contribution, piece, to: other, isCurrent: true))
          let header = header(
            .contribution, piece, from: place, microseconds: member.exchange.microseconds(of: step))
          members[other].exchange.keep(header, try received(body))
        }
      }
    }
    for bucket in Self.buckets.indices {
      let piece = GradientExchange.Piece(step: step, bucket: bucket)
      for (place, member) in members.enumerated() {
        #expect(member.exchange.combine(piece))
        if ExchangeProtocol.isDirect(memberCount: ranges.count) { continue }
        for other in others(place) {
          let body = try #require(member.exchange.message(.total, piece, to: other, isCurrent: true))
          members[other].exchange.keep(
            header(.total, piece, from: place, microseconds: 0), try received(body))
        }
      }
    }
    let expected = Self.sum(0..<Self.shards)
    for member in members {
      let (total, microseconds) = try #require(member.exchange.complete(step: step))
      #expect((0..<Self.count).allSatisfy { total[$0].bitPattern == expected[$0].bitPattern })
      #expect(microseconds == ranges.indices.map { ranges[$0].isEmpty ? 0 : UInt32($0 + 1) })
      withExtendedLifetime(member) {}
    }
  }

  /// A repeated message has the original content, although the member's sums have changed since.
  @Test func repeatedMessageEqualsFirst() throws {
    let ranges = [0..<8, 8..<16]
    let members = ranges.indices.map { Member($0, ranges) }
    let piece = GradientExchange.Piece(step: 0, bucket: 0)
    for (place, member) in members.enumerated() {
      _ = member.exchange.begin(step: 0, buckets: [0..<Self.count], ranges: ranges)
      member.exchange.note(sums: member.pointers, step: 0, microseconds: 1)
      let body = member.exchange.message(.contribution, piece, to: 1 - place, isCurrent: true)
      members[1 - place].exchange.keep(header(.contribution, piece, from: place, microseconds: 1), body)
    }
    #expect(members[0].exchange.combine(piece))
    _ = members[0].exchange.complete(step: 0)
    let again = try #require(members[0].exchange.message(.contribution, piece, to: 1, isCurrent: false))
    let expected = Self.sum(0..<8)
    again.withBytes { bytes in
      for index in 0..<Self.count {
        #expect(bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self).bitPattern == expected[index].bitPattern)
      }
    }
    let next = GradientExchange.Piece(step: 1, bucket: 0)
    #expect(members[0].exchange.message(.contribution, next, to: 1, isCurrent: false) == nil, "no sums yet")
    withExtendedLifetime(members) {}
  }

  /// The sender has continued without this member, and has reused the memory.
  @Test func overwrittenContributionInvalidatesRound() throws {
    let ranges = [0..<8, 8..<16]
    let memory = try #require(SharedMemory())
    let member = Member(0, ranges)
    let piece = GradientExchange.Piece(step: 0, bucket: 0)
    _ = member.exchange.begin(step: 0, buckets: [0..<Self.count], ranges: ranges)
    member.exchange.note(sums: member.pointers, step: 0, microseconds: 1)
    func frame() throws -> Frame { try #require(memory.frame(count: 4 * Self.count) { _ in }) }
    member.exchange.keep(header(.contribution, piece, from: 1, microseconds: 1), try received(try frame()))
    let next = try frame()
    #expect(!member.exchange.combine(piece))
    withExtendedLifetime((member, next)) {}
  }

  @Test func overwrittenTotalInvalidatesRound() throws {
    let ranges = [0..<16, 16..<16, 16..<16]
    let memory = try #require(SharedMemory())
    let member = Member(0, ranges)
    let piece = GradientExchange.Piece(step: 0, bucket: 0)
    _ = member.exchange.begin(step: 0, buckets: [0..<Self.count], ranges: ranges)
    member.exchange.note(sums: member.pointers, step: 0, microseconds: 1)
    #expect(member.exchange.combine(piece))
    func frame() throws -> Frame { try #require(memory.frame(count: 4 * Self.count / 3) { _ in }) }
    let kept = try frame()
    member.exchange.keep(header(.total, piece, from: 1, microseconds: 0), try received(kept))
    member.exchange.keep(header(.total, piece, from: 2, microseconds: 0), try received(try frame()))
    let next = try frame()
    #expect(member.exchange.complete(step: 0) == nil)
    withExtendedLifetime((member, kept, next)) {}
  }

  /// Half of the shards are one subtree, so each member sends one sum to the other.
  @Test(arguments: [nil, 0, 4, 4 * count - 4, 4 * count + 4])
  func messageOfWrongLengthIsTreatedAsMissing(size: Int?) {
    let ranges = [0..<8, 8..<16]
    let exchange = Member(0, ranges).exchange
    let right = Frame([UInt8](repeating: 0, count: 4 * Self.count))
    let wrong = size.map { Frame([UInt8](repeating: 0, count: $0)) }
    func header(step: UInt64, bucket: Int = 0, kind: ExchangeHeader.Kind = .contribution) -> ExchangeHeader {
      self.header(kind, .init(step: step, bucket: bucket), from: 1, microseconds: 1)
    }
    #expect(exchange.begin(step: 0, buckets: [0..<Self.count], ranges: ranges).isEmpty)
    #expect(exchange.fits(header(step: 0), right) && !exchange.fits(header(step: 0), wrong))
    #expect(!exchange.fits(header(step: 0, bucket: 1), right) && !exchange.fits(header(step: 0, kind: .total), right))
    // The length of a message of the next round can be checked only when the round begins.
    guard let wrong else { return }
    #expect(exchange.fits(header(step: 1), wrong))
    exchange.keep(header(step: 1), wrong)
    exchange.keep(header(step: 2), wrong)
    let unfit = exchange.begin(step: 1, buckets: [0..<Self.count], ranges: ranges)
    #expect(unfit == [.init(kind: .contribution, piece: .init(step: 1, bucket: 0), sender: 1)])
    exchange.keep(header(step: 2), right)
    #expect(exchange.begin(step: 2, buckets: [0..<Self.count], ranges: ranges).isEmpty)
  }
}
