internal import SwiftProtobuf

/// The state of a training, by name: so many rounds are done, and the state has this digest. Training is deterministic, so a right state is
/// wholly known by its number of rounds; the digest tells whether it is right.
package struct StateName: Sendable, Hashable {
  package let step: UInt64
  package let digest: UInt64

  package init(step: UInt64, digest: UInt64) { (self.step, self.digest) = (step, digest) }
}

extension StateName {
  /// - Parameter digests: of each tensor of the state.
  package init(step: UInt64, tensors digests: [UInt64]) {
    // FNV-1a over words (Fowler, Noll and Vo), with a rotation, so that high bits reach low ones.
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for number in digests {
      digest = (digest ^ number) &* 0x0000_0100_0000_01B3
      digest = digest << 31 | digest >> 33
    }
    self.init(step: step, digest: digest)
  }
}

extension Comparison {
  package var name: StateName { StateName(step: step, tensors: tensorDigests) }
}

/// Gradients that are computed by several members, since a wrong one reaches every member's weights alike and no comparison of those shows it.
///
/// In a round before a comparison, some shards of each member are computed again by the two members after it (by the other one, if there are
/// two): three results have a majority.
package enum GradientChecks {
  /// How many members compute a member's shards again.
  package static func checkers(memberCount: Int) -> Int { max(0, min(2, memberCount - 1)) }

  /// The members whose shards a member reports on: first itself.
  package static func targets(of member: Int, memberCount: Int) -> [Int] {
    (0...checkers(memberCount: memberCount)).map { (member - $0 + memberCount) % memberCount }
  }
}

/// When members compare their states, and how much is computed more than once.
package struct ComparisonPlan: Sendable, Equatable {
  /// Rounds between two comparisons.
  package let interval: UInt32
  /// Shards of each member that others compute again in the round before: 0 for none; `UInt32.max` for all.
  package let checkedShards: UInt32

  /// - Parameters:
  ///   - fraction: of the time that may be spent on computing gradients again: 0 for none; from 1 on, all gradients are computed again
  ///   - threads: of each member
  package init(fraction: Double, shards: Int, threads: [Int]) {
    let checkers = GradientChecks.checkers(memberCount: threads.count)
    guard fraction > 0, checkers > 0 else {
      (interval, checkedShards) = (Self.unchecked, 0)
      return
    }
    guard fraction < 1 else {
      (interval, checkedShards) = (1, .max)
      return
    }
    // In the time that a thread takes for one shard: a round, and a check, in which one thread of each member is busy.
    let total = max(1, threads.reduce(0) { $0 + max(1, min($1, 1 << 20)) })
    let round = (max(1, shards) + total - 1) / total
    let wanted = (Double(checkers) / (Double(round) * fraction)).rounded(.up)
    let least = fraction > Self.frequent ? 1.0 : Double(Self.shortest)
    (interval, checkedShards) = (UInt32(max(least, min(wanted, Double(Self.longest)))), 1)
  }

  private static let unchecked: UInt32 = 50
  /// More frequent comparisons would cost more than the checks; less frequent ones, too many rounds when something is wrong.
  private static let shortest: UInt32 = 20
  private static let longest: UInt32 = 200
  private static let frequent = 0.05
}
