internal import Compute
internal import Coordination
internal import Foundation
internal import KernelInterface
internal import Transport

/// The bytes of the exchange, whose moves ``ExchangeProtocol`` decides: sums that go out and come in, and the total.
///
/// The vector of a round is divided into as many parts as there are members; member i adds up part i. A contribution holds, for each of the
/// sender's maximal subtrees, its sum in the receiver's part; so all additions are those of the tree, whoever does them.
final class GradientExchange {
  private struct Key: Hashable {
    let kind: ExchangeHeader.Kind
    let step: UInt64
    /// The sender of what came; the receiver of what went out (-1: all).
    let member: Int
  }

  private let context: ComputeContext
  private let tree: SummationTree
  private var me = 0
  private var memberCount = 1
  private var received: [Key: Frame] = [:]
  private var sent: [Key: Frame] = [:]
  private var times: [UInt64: [Int: UInt32]] = [:]
  /// The round in hand: how many numbers, whose shards, and this member's sums.
  private var count = 0
  private var ranges: [Range<Int>] = []
  private var sums: [UnsafePointer<Float>] = []
  private var ownTimes: [UInt64: UInt32] = [:]
  /// The subtrees' sums in this member's part, one behind the other.
  private var scratch = AlignedBuffer<Float>(count: 0)
  private var total = AlignedBuffer<Float>(count: 0)

  init(shards: Int, on context: ComputeContext) {
    self.context = context
    tree = SummationTree(leafCount: shards)
  }

  /// A new generation: nothing of the old one counts.
  func reset(memberCount: Int, me: Int) {
    (self.memberCount, self.me) = (memberCount, me)
    (received, sent, times, ownTimes) = ([:], [:], [:], [:])
  }

  /// How long this member's shards took in the round in hand or the one before.
  func microseconds(of step: UInt64) -> UInt32 { ownTimes[step] ?? 0 }

  /// This member's part of a round is computed.
  /// - Parameters:
  ///   - count: numbers in the vector
  ///   - ranges: the shards of each member
  ///   - sums: of this member's subtrees; valid until the round is complete
  ///   - microseconds: how long they took
  func begin(
    step: UInt64, count: Int, ranges: [Range<Int>], sums: [UnsafePointer<Float>], microseconds: UInt32
  ) {
    (self.count, self.ranges, self.sums) = (count, ranges, sums)
    ownTimes = ownTimes.filter { $0.key + 1 >= step }
    ownTimes[step] = microseconds
  }

  private var isDirect: Bool { ExchangeProtocol.isDirect(memberCount: memberCount) }

  /// The part of the vector that a member adds up: a multiple of 16, but for the last one.
  private func part(_ member: Int) -> Range<Int> {
    if isDirect { return 0..<count }
    let units = (count + 15) / 16
    return min(count, units * member / memberCount * 16)..<min(count, units * (member + 1) / memberCount * 16)
  }

  private func subtrees(_ member: Int) -> [Range<Int>] {
    ranges[member].isEmpty ? [] : tree.subtrees(inside: ranges[member])
  }

  /// What came is kept until it is used.
  func keep(_ header: ExchangeHeader, _ body: Frame?) {
    guard let body else { return }
    received[Key(kind: header.kind, step: header.step, member: Int(header.sender))] = body
    times[header.step, default: [:]][Int(header.sender)] = header.microseconds
  }

  /// The bytes of a contribution or total that goes out, made now or, of a round before, as they went out then.
  func message(_ kind: ExchangeHeader.Kind, step: UInt64, to member: Int, isCurrent: Bool) -> Frame? {
    let key = Key(kind: kind, step: step, member: kind == .total ? -1 : member)
    if let known = sent[key] { return known }
    guard isCurrent, kind == .contribution else { return nil }
    let part = part(member)
    let frame = Frame(count: sums.count * part.count * 4) { target in
      for (index, sum) in sums.enumerated() {
        (target + index * part.count * 4).copyMemory(from: sum + part.lowerBound, byteCount: part.count * 4)
      }
    }
    sent[key] = frame
    return frame
  }

  /// Adds up this member's part, along the tree.
  /// - Throws: ``ExchangeError`` if a contribution has another length than it must have.
  func combine(step: UInt64) throws(ExchangeError) {
    let part = part(me)
    let subtrees = (0..<memberCount).flatMap { self.subtrees($0) }
    // Rounded up, so that every sum begins at a multiple of 64 bytes.
    let stride = (part.count + 15) / 16 * 16
    if scratch.count < subtrees.count * stride { scratch = AlignedBuffer(count: subtrees.count * stride) }
    var place = 0
    for member in 0..<memberCount {
      let own = self.subtrees(member).count
      if own == 0 { continue }
      let body = member == me ? nil : received[Key(kind: .contribution, step: step, member: member)]
      guard member == me || body?.count == own * part.count * 4 else {
        throw ExchangeError(member: member, step: step, expected: own * part.count * 4, bytes: body?.count ?? 0)
      }
      for index in 0..<own where !part.isEmpty {
        let target = UnsafeMutableRawPointer(scratch.pointer + place * stride)
        if let body {
          body.withBytes {
            target.copyMemory(from: $0.baseAddress! + index * part.count * 4, byteCount: part.count * 4)
          }
        } else {
          target.copyMemory(from: sums[index] + part.lowerBound, byteCount: part.count * 4)
        }
        place += 1
      }
    }
    if !part.isEmpty {
      let additions = tree.additions(over: subtrees)
      context.team.forEachRange(part.count, multipleOf: 16) { range, _ in
        for (left, right) in additions {
          context.kernels.add(
            count: range.count, values: scratch.pointer + right * stride + range.lowerBound,
            to: scratch.pointer + left * stride + range.lowerBound)
        }
      }
    }
    if isDirect { return }
    sent[Key(kind: .total, step: step, member: -1)] = Frame(count: part.count * 4) { target in
      target.copyMemory(from: scratch.pointer, byteCount: part.count * 4)
    }
  }

  /// All parts are there.
  /// - Returns: the total over all shards: (count), valid until the next call; and how long each member's shards took
  func complete(step: UInt64) throws(ExchangeError) -> (total: UnsafePointer<Float>, microseconds: [UInt32]) {
    defer { forget(step) }
    var told = times[step] ?? [:]
    told[me] = ownTimes[step]
    let microseconds = (0..<memberCount).map { told[$0] ?? 0 }
    if isDirect { return (UnsafePointer(scratch.pointer), microseconds) }
    if total.count < count { total = AlignedBuffer(count: count) }
    for member in 0..<memberCount {
      let part = part(member)
      let body =
        member == me
        ? sent[Key(kind: .total, step: step, member: -1)] : received[Key(kind: .total, step: step, member: member)]
      guard let body, body.count == part.count * 4 else {
        throw ExchangeError(member: member, step: step, expected: part.count * 4, bytes: body?.count ?? 0)
      }
      guard !part.isEmpty else { continue }
      let target = UnsafeMutableRawPointer(total.pointer + part.lowerBound)
      body.withBytes { target.copyMemory(from: $0.baseAddress!, byteCount: part.count * 4) }
    }
    return (UnsafePointer(total.pointer), microseconds)
  }

  /// The step is done: of what has come, nothing is needed any more.
  private func forget(_ step: UInt64) {
    received = received.filter { $0.key.step > step }
    times = times.filter { $0.key > step }
    // A member that is one round behind may still ask for what was sent in this one.
    sent = sent.filter { $0.key.step >= step }
  }
}

/// A member has sent what cannot be part of the round.
struct ExchangeError: Error, CustomStringConvertible {
  let member: Int
  let step: UInt64
  let expected: Int
  let bytes: Int

  var description: String {
    "member \(member) of the group has sent \(bytes) bytes in round \(step), where \(expected) were due: do all workers run the same build?"
  }
}
