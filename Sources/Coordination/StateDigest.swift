internal import SwiftProtobuf

/// The identity of a training's state: the number of rounds done, and the digest.
///
/// Training is deterministic, so the number of rounds identifies the correct state; the digest shows whether a state is
/// the correct one.
package struct StateName: Sendable, Hashable {
  package let step: UInt64
  package let digest: UInt64

  package init(step: UInt64, digest: UInt64) { (self.step, self.digest) = (step, digest) }
}

extension StateName {
  /// - Parameter digests: The digest of each tensor of the state.
  package init(step: UInt64, tensors digests: [UInt64]) {
    // FNV-1a over words (Fowler, Noll and Vo), with a rotation, so that high bits affect low ones.
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

/// Gradients that several members compute. A wrong gradient changes the weights of all members equally, so comparing
/// the weights does not reveal it.
///
/// In a round before a comparison, the next two members (with two members, the other one) compute some shards of each
/// member again: three results have a majority.
package enum GradientChecks {
  /// Returns the number of members that compute a member's shards again.
  static func checkers(memberCount: Int) -> Int { max(0, min(2, memberCount - 1)) }

  /// Returns the members whose gradients a member reports, itself first.
  package static func targets(of member: Int, memberCount: Int) -> [Int] {
    (0...checkers(memberCount: memberCount)).map { (member - $0 + memberCount) % memberCount }
  }
}

/// The interval at which members compare their states, and the number of shards that are computed more than once.
package struct ComparisonPlan: Sendable, Equatable {
  /// The number of rounds from one comparison to the next.
  package let interval: UInt32
  /// The number of shards of each member that others compute again in the round before: 0 for none; `UInt32.max` for
  /// all.
  package let checkedShards: UInt32

  /// - Parameters:
  ///   - fraction: The fraction of the time that may be spent on computing gradients again: 0 for none; from 1 on, all
  ///     gradients are computed again.
  ///   - threads: The number of threads of each member.
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
    // The unit of time is what one thread takes for one shard. A check takes as many units as there are checkers, since
    // one thread of each member is busy.
    let total = max(1, threads.reduce(0) { $0 + max(1, min($1, 1 << 20)) })
    let round = (max(1, shards) + total - 1) / total
    let wanted = (Double(checkers) / (Double(round) * fraction)).rounded(.up)
    let least = fraction > Self.frequent ? 1.0 : Double(Self.shortest)
    (interval, checkedShards) = (UInt32(max(least, min(wanted, Double(Self.longest)))), 1)
  }

  private static let unchecked: UInt32 = 50
  /// More frequent comparisons would cost more than the checks. Less frequent ones would lose too many rounds to an
  /// error.
  private static let shortest: UInt32 = 20
  private static let longest: UInt32 = 200
  private static let frequent = 0.05
}
