package import Compute
package import Coordination
internal import Foundation
internal import KernelInterface
package import Transport

/// The bytes of the exchange, whose moves ``ExchangeProtocol`` decides: sums that go out and come in, and the total.
///
/// The vector of a round is divided into buckets, and each of them into as many parts as there are members; member i
/// adds up part i. A contribution holds, for each of the sender's maximal subtrees, its sum in the receiver's part; so
/// all additions are those of the tree, whoever does them.
package final class GradientExchange {
  package typealias Piece = ExchangeProtocol.Piece

  private struct Key: Hashable {
    let kind: ExchangeHeader.Kind
    let piece: Piece
    /// The sender of what came; the receiver of what went out (-1: all).
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
  /// The round in hand: its number (nil until it is begun), its pieces, whose shards are whose, and this member's sums.
  private var step: UInt64?
  private var buckets: [Range<Int>] = []
  private var ranges: [Range<Int>] = []
  private var isDirectRound = false
  private var sums: [UnsafePointer<Float>] = []
  /// The sums of others' subtrees in this member's part of a bucket, each at its subtree's place.
  private var scratch = AlignedBuffer<Float>(count: 0)
  private var ownTotal = AlignedBuffer<Float>(count: 0)

  /// Makes a frame of so many bytes, which the closure fills.
  package typealias FrameMaker = (_ count: Int, _ write: (UnsafeMutableRawPointer) -> Void) -> Frame

  /// - Parameter makeFrame: for what is to be sent
  package init(
    shards: Int, on context: ComputeContext, makeFrame: @escaping FrameMaker = { Frame(count: $0, $1) }
  ) {
    (self.context, self.makeFrame) = (context, makeFrame)
    tree = SummationTree(leafCount: shards)
  }

  /// A new generation: nothing of the old one counts.
  package func reset(memberCount: Int, me: Int) {
    (self.memberCount, self.me, step) = (memberCount, me, nil)
    (received, sent, times, ownTimes) = ([:], [:], [:], [:])
  }

  /// How long this member's shards took in the round in hand or the one before; 0 while that is not known.
  package func microseconds(of step: UInt64) -> UInt32 { ownTimes[step] ?? 0 }

  /// A round begins.
  /// - Parameters:
  ///   - buckets: of the round's vector, which together are the whole
  ///   - ranges: the shards of each member
  ///   - isDirect: whether every member adds up the whole, though they are more than two
  /// - Returns: what has come for it and does not fit; that is forgotten
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

  /// This member's sums in the next bucket are there.
  /// - Parameters:
  ///   - sums: of this member's subtrees, each of the whole vector; added to in place; valid until the round is
  ///     complete
  ///   - microseconds: how long the whole round's took; nil unless this is its last bucket
  package func note(sums: [UnsafePointer<Float>], step: UInt64, microseconds: UInt32?) {
    self.sums = sums
    ownTimes = ownTimes.filter { $0.key + 1 >= step }
    ownTimes[step] = microseconds
  }

  /// Where the total comes to stand: in place of this member's first sum, if it has any. What others need of its sums
  /// has been sent before they are added to, and is kept as it was.
  private var total: UnsafeMutablePointer<Float> {
    sums.first.map { UnsafeMutablePointer(mutating: $0) } ?? ownTotal.pointer
  }

  private var isDirect: Bool { isDirectRound || ExchangeProtocol.isDirect(memberCount: memberCount) }

  /// The part of a bucket that a member adds up: a multiple of 16, but for the last one.
  private func part(_ member: Int, of bucket: Int) -> Range<Int> {
    let bucket = buckets[bucket]
    if isDirect { return bucket }
    let units = (bucket.count + 15) / 16
    func place(_ member: Int) -> Int { min(bucket.upperBound, bucket.lowerBound + units * member / memberCount * 16) }
    return place(member)..<place(member + 1)
  }

  private func subtrees(_ member: Int) -> [Range<Int>] {
    ranges[member].isEmpty ? [] : tree.subtrees(inside: ranges[member])
  }

  /// Of what came.
  private func key(_ header: ExchangeHeader) -> Key {
    Key(kind: header.kind, piece: Piece(step: header.step, bucket: Int(header.bucket)), member: Int(header.sender))
  }

  /// Bytes that another member's contribution or total to this one must have; nil if it sends none.
  private func size(of key: Key) -> Int? {
    guard buckets.indices.contains(key.piece.bucket), ranges.indices.contains(key.member) else { return nil }
    switch key.kind {
    case .contribution: return subtrees(key.member).count * part(me, of: key.piece.bucket).count * 4
    case .total where !isDirect: return part(key.member, of: key.piece.bucket).count * 4
    default: return nil
    }
  }

  /// Whether what has come can be part of its round. Of a round that is yet to begin, ``begin(step:buckets:ranges:)``
  /// tells.
  package func fits(_ header: ExchangeHeader, _ body: Frame?) -> Bool {
    guard header.kind == .contribution || header.kind == .total else { return true }
    guard let body else { return false }
    return header.step != step || body.count == size(of: key(header))
  }

  /// What came is kept until it is used.
  package func keep(_ header: ExchangeHeader, _ body: Frame?) {
    guard let body else { return }
    received[key(header)] = body
    let known = times[header.step]?[Int(header.sender)] ?? 0
    times[header.step, default: [:]][Int(header.sender)] = max(known, header.microseconds)
  }

  /// The bytes of a contribution or total that goes out, made now or, if it went out before, as it did then.
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

  /// Adds up this member's part of a bucket, along the tree.
  /// - Returns: false if a contribution is gone: its sender has begun a newer generation, without this member. Then the
  ///   round is void.
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

  /// The sum over a subtree in a part of the vector, and whether it may be added to where it stands.
  private struct Summand {
    var values: UnsafeMutablePointer<Float>
    var isOwn: Bool

    init(_ values: UnsafeMutablePointer<Float>, isOwn: Bool) { (self.values, self.isOwn) = (values, isOwn) }
  }

  /// Some of a body's bytes: where they are, as they stay there until the round is complete; in `copy` if kernels
  /// cannot take them there.
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
  ///   - summands: each of so many numbers as `stride` and the part have
  ///   - additions: see ``SummationTree/additions(over:to:)``
  private func add(
    _ summands: [Summand], _ additions: [(left: Int, right: Int)], count: Int, stride: Int,
    to total: UnsafeMutablePointer<Float>
  ) {
    var places = summands
    var moves: [(source: UnsafeMutablePointer<Float>, target: UnsafeMutablePointer<Float>, isCopy: Bool)] = []
    for (left, right) in additions {
      // Addition commutes, so the sum may come to stand in either place.
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
      preconditionFailure("it does not fit, or is missing")
    }
    return body
  }

  /// All parts are there.
  /// - Returns: the total over all shards, valid until the next round begins; and how long each member's shards took.
  ///   nil if a part is gone: see ``combine(_:)``.
  package func complete(step: UInt64) -> (total: UnsafePointer<Float>, microseconds: [UInt32])? {
    defer { forget(step) }
    var told = times[step] ?? [:]
    told[me] = ownTimes[step]
    let microseconds = (0..<memberCount).map { told[$0] ?? 0 }
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

  /// The step is done: of what has come, nothing is needed any more.
  private func forget(_ step: UInt64) {
    self.step = nil
    received = received.filter { $0.key.piece.step > step }
    times = times.filter { $0.key > step }
    // A member that is one round behind may still ask for what was sent in this one.
    sent = sent.filter { $0.key.piece.step >= step }
  }
}
