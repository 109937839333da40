package import Compute
package import Coordination
internal import Foundation
internal import KernelInterface
package import Transport

/// The data of the gradient exchange: the sums that are sent and received, and the total. ``ExchangeProtocol`` decides
/// what is sent when.
///
/// The vector of a round is divided into buckets, and each bucket into as many parts as there are members. Member i
/// adds up part i. A contribution contains the receiver's part of each sum of the sender's maximal subtrees, so that
/// all additions follow the summation tree, whichever member does them.
package final class GradientExchange {
  package typealias Piece = ExchangeProtocol.Piece

  private struct Key: Hashable {
    let kind: ExchangeHeader.Kind
    let piece: Piece
    /// The sender of a received message, or the receiver of a sent one (-1: all).
    let member: Int
  }

  private let context: ComputeContext
  private let tree: SummationTree
  private let makeFrame: FrameMaker
  private var me = 0
  private var memberCount = 1
  private var received: [Key: Frame] = [:]
  private var sent: [Key: Frame] = [:]
  private var times: [UInt64: [Int: UInt32]] = [:]
  private var ownTimes: [UInt64: UInt32] = [:]
  /// The current round: its number (nil before it begins), its buckets, each member's shards, and this member's sums.
  private var step: UInt64?
  private var buckets: [Range<Int>] = []
  private var ranges: [Range<Int>] = []
  private var isDirectRound = false
  private var sums: [UnsafePointer<Float>] = []
  /// The sums of other members' subtrees in this member's part of a bucket, each at the index of its subtree.
  private var scratch = AlignedBuffer<Float>(count: 0)
  private var ownTotal = AlignedBuffer<Float>(count: 0)

  /// Makes a frame of `count` bytes, which the closure fills.
  package typealias FrameMaker = (_ count: Int, _ write: (UnsafeMutableRawPointer) -> Void) -> Frame

  /// - Parameter makeFrame: Makes the frames of messages to be sent.
  package init(
    shards: Int, on context: ComputeContext, makeFrame: @escaping FrameMaker = { Frame(count: $0, $1) }
  ) {
    (self.context, self.makeFrame) = (context, makeFrame)
    tree = SummationTree(leafCount: shards)
  }

  /// Begins a new generation, which discards all data of the previous one.
  package func reset(memberCount: Int, me: Int) {
    (self.memberCount, self.me, step) = (memberCount, me, nil)
    (received, sent, times, ownTimes) = ([:], [:], [:], [:])
  }

  /// Returns the time that this member's shards took in the current round or the one before; 0 if it is unknown.
  package func microseconds(of step: UInt64) -> UInt32 { ownTimes[step] ?? 0 }

  /// Begins a round.
  /// - Parameters:
  ///   - buckets: The ranges of the round's vector, which cover all of it.
  ///   - ranges: The shards of each member.
  ///   - isDirect: Whether every member adds up the whole vector, although there are more than two.
  /// - Returns: Messages received for this round that have the wrong size and are dropped.
  package func begin(
    step: UInt64, buckets: [Range<Int>], ranges: [Range<Int>], isDirect isDirectRound: Bool = false
  ) -> [ExchangeProtocol.Message] {
    (self.step, self.buckets, self.ranges, sums) = (step, buckets, ranges, [])
    self.isDirectRound = isDirectRound
    let count = buckets.map(\.upperBound).max() ?? 0
    if ownTotal.count < count { ownTotal = AlignedBuffer(count: count) }
    let unfit = received.filter { $0.key.piece.step == step && $0.value.count != size(of: $0.key) }.keys
    for key in unfit { received[key] = nil }
    return unfit.map { ExchangeProtocol.Message(kind: $0.kind, piece: $0.piece, sender: $0.member) }
  }

  /// Records that this member's sums of the next bucket are complete.
  /// - Parameters:
  ///   - sums: The sums of this member's subtrees, each over the whole vector. They are added to in place, and must
  ///     stay valid until the round is complete.
  ///   - microseconds: The time that all buckets took; nil unless this is the last one.
  package func note(sums: [UnsafePointer<Float>], step: UInt64, microseconds: UInt32?) {
    self.sums = sums
    ownTimes = ownTimes.filter { $0.key + 1 >= step }
    ownTimes[step] = microseconds
  }

  /// The memory of the total: this member's first sum, if it has one. What other members need of the sum is copied to
  /// messages before it is added to.
  private var total: UnsafeMutablePointer<Float> {
    sums.first.map { UnsafeMutablePointer(mutating: $0) } ?? ownTotal.pointer
  }

  private var isDirect: Bool { isDirectRound || ExchangeProtocol.isDirect(memberCount: memberCount) }

  /// Returns the part of a bucket that a member adds up. Its size is a multiple of 16, except for the last part.
  private func part(_ member: Int, of bucket: Int) -> Range<Int> {
    let bucket = buckets[bucket]
    if isDirect { return bucket }
    let blocks = (bucket.count + 15) / 16
    func place(_ member: Int) -> Int { min(bucket.upperBound, bucket.lowerBound + blocks * member / memberCount * 16) }
    return place(member)..<place(member + 1)
  }

  private func subtrees(_ member: Int) -> [Range<Int>] {
    ranges[member].isEmpty ? [] : tree.subtrees(inside: ranges[member])
  }

  /// Returns the key of a received message.
  private func key(_ header: ExchangeHeader) -> Key {
    Key(kind: header.kind, piece: Piece(step: header.step, bucket: Int(header.bucket)), member: Int(header.sender))
  }

  /// Returns the required size in bytes of a contribution or total received from another member; nil if it sends none.
  private func size(of key: Key) -> Int? {
    guard buckets.indices.contains(key.piece.bucket), ranges.indices.contains(key.member) else { return nil }
    switch key.kind {
    case .contribution: return subtrees(key.member).count * part(me, of: key.piece.bucket).count * 4
    case .total where !isDirect: return part(key.member, of: key.piece.bucket).count * 4
    default: return nil
    }
  }

  /// Whether a message has the right size for its round. Messages of a later round are checked when
  /// ``begin(step:buckets:ranges:isDirect:)`` is called for it.
  package func fits(_ header: ExchangeHeader, _ body: Frame?) -> Bool {
    guard header.kind == .contribution || header.kind == .total else { return true }
    guard let body else { return false }
    return header.step != step || body.count == size(of: key(header))
  }

  /// Keeps a received message until it is used.
  package func keep(_ header: ExchangeHeader, _ body: Frame?) {
    guard let body else { return }
    received[key(header)] = body
    let known = times[header.step]?[Int(header.sender)] ?? 0
    times[header.step, default: [:]][Int(header.sender)] = max(known, header.microseconds)
  }

  /// Returns the content of a contribution or total to send. A message that was sent before has the same content again.
  package func message(_ kind: ExchangeHeader.Kind, _ piece: Piece, to member: Int, isCurrent: Bool) -> Frame? {
    let key = Key(kind: kind, piece: piece, member: kind == .total ? -1 : member)
    if let known = sent[key] { return known }
    guard isCurrent, kind == .contribution else { return nil }
    let part = part(member, of: piece.bucket)
    let frame = makeFrame(sums.count * part.count * 4) { target in
      for (index, sum) in sums.enumerated() {
        (target + index * part.count * 4).copyMemory(from: sum + part.lowerBound, byteCount: part.count * 4)
      }
    }
    sent[key] = frame
    return frame
  }

  /// Adds up this member's part of a bucket along the tree.
  /// - Returns: false if the memory of a contribution was released, because its sender has begun a newer generation
  ///   without this member. The round is void then.
  package func combine(_ piece: Piece) -> Bool {
    let part = part(me, of: piece.bucket)
    let subtrees = (0..<memberCount).flatMap { self.subtrees($0) }
    // Rounded up, so that every sum begins at a multiple of 64 bytes.
    let stride = (part.count + 15) / 16 * 16
    if scratch.count < subtrees.count * stride { scratch = AlignedBuffer(count: subtrees.count * stride) }
    var bodies: [Frame] = []
    var summands: [Summand] = []
    for member in 0..<memberCount {
      if member == me {
        summands += sums.map { Summand(UnsafeMutablePointer(mutating: $0 + part.lowerBound), isOwn: true) }
        continue
      }
      let count = self.subtrees(member).count
      if count == 0 { continue }
      let bytes = part.count * 4
      let body = body(.contribution, piece, from: member)
      bodies.append(body)
      for index in 0..<count where !part.isEmpty {
        let place = scratch.pointer + summands.count * stride
        summands.append(summand(body, at: index * bytes, byteCount: bytes, elseIn: place))
      }
    }
    if !part.isEmpty {
      add(
        summands, tree.additions(over: subtrees), count: part.count, stride: stride, to: total + part.lowerBound)
    }
    guard bodies.allSatisfy(\.isWhole) else { return false }
    if isDirect { return true }
    sent[Key(kind: .total, piece: piece, member: -1)] = makeFrame(part.count * 4) { target in
      target.copyMemory(from: total + part.lowerBound, byteCount: part.count * 4)
    }
    return true
  }

  /// The sum over a subtree in a part of the vector, and whether it may be modified in place.
  private struct Summand {
    var values: UnsafeMutablePointer<Float>
    var isOwn: Bool

    init(_ values: UnsafeMutablePointer<Float>, isOwn: Bool) { (self.values, self.isOwn) = (values, isOwn) }
  }

  /// Returns a summand within a message: in place, where it stays valid until the round is complete, or in `copy` if
  /// its alignment does not suit the kernels.
  private func summand(
    _ body: Frame, at offset: Int, byteCount: Int, elseIn copy: UnsafeMutablePointer<Float>
  ) -> Summand {
    body.withBytes { content in
      let source = UnsafeMutableRawPointer(mutating: content.baseAddress! + offset)
      if Int(bitPattern: source) % 64 == 0 {
        return Summand(source.assumingMemoryBound(to: Float.self), isOwn: body.isOwn)
      }
      UnsafeMutableRawPointer(copy).copyMemory(from: source, byteCount: byteCount)
      return Summand(copy, isOwn: true)
    }
  }

  /// - Parameters:
  ///   - summands: Arrays of `stride` numbers, of which `count` are used.
  ///   - additions: See ``SummationTree/additions(over:to:)``.
  private func add(
    _ summands: [Summand], _ additions: [(left: Int, right: Int)], count: Int, stride: Int,
    to total: UnsafeMutablePointer<Float>
  ) {
    var places = summands
    var moves: [(source: UnsafeMutablePointer<Float>, target: UnsafeMutablePointer<Float>, isCopy: Bool)] = []
    for (left, right) in additions {
      // Addition is commutative, so either summand may hold the sum.
      if !places[left].isOwn, places[right].isOwn { places.swapAt(left, right) }
      if !places[left].isOwn {
        let copy = scratch.pointer + left * stride
        moves.append((places[left].values, copy, isCopy: true))
        places[left] = Summand(copy, isOwn: true)
      }
      moves.append((places[right].values, places[left].values, isCopy: false))
    }
    if places[0].values != total { moves.append((places[0].values, total, isCopy: true)) }
    context.team.forEachRange(count, multipleOf: 16) { range, _ in
      for move in moves {
        let (source, target) = (move.source + range.lowerBound, move.target + range.lowerBound)
        if move.isCopy {
          target.update(from: source, count: range.count)
        } else {
          context.kernels.add(count: range.count, values: source, to: target)
        }
      }
    }
  }

  private func body(_ kind: ExchangeHeader.Kind, _ piece: Piece, from member: Int) -> Frame {
    let key = Key(kind: kind, piece: piece, member: member)
    guard let body = received[key], body.count == size(of: key) else {
      preconditionFailure("the message is missing or has the wrong size")
    }
    return body
  }

  /// Completes a round of which all parts have arrived.
  /// - Returns: The total over all shards, valid until the next round begins, and the time that each member's shards
  ///   took; nil if the memory of a part was released: see ``combine(_:)``.
  package func complete(step: UInt64) -> (total: UnsafePointer<Float>, microseconds: [UInt32])? {
    defer { forget(step) }
    var known = times[step] ?? [:]
    known[me] = ownTimes[step]
    let microseconds = (0..<memberCount).map { known[$0] ?? 0 }
    if isDirect { return (UnsafePointer(total), microseconds) }
    for bucket in buckets.indices {
      for member in 0..<memberCount where member != me {
        let part = part(member, of: bucket)
        guard !part.isEmpty else { continue }
        let target = UnsafeMutableRawPointer(total + part.lowerBound)
        let body = body(.total, Piece(step: step, bucket: bucket), from: member)
        body.withBytes { target.copyMemory(from: $0.baseAddress!, byteCount: part.count * 4) }
        guard body.isWhole else { return nil }
      }
    }
    return (UnsafePointer(total), microseconds)
  }

  /// Discards the messages of a completed round.
  private func forget(_ step: UInt64) {
    self.step = nil
    received = received.filter { $0.key.piece.step > step }
    times = times.filter { $0.key > step }
    // A member that is one round behind may still request messages of this round.
    sent = sent.filter { $0.key.piece.step >= step }
  }
}
