internal import Foundation
internal import SwiftProtobuf

/// The workers that train one network together, as the coordinator sees them.
///
/// A group lives in generations. Whenever a member is lost, comes or stalls, the next generation is announced; members stop, and tell how
/// many steps they have done. When all have, the generation begins from the highest step, and who stands elsewhere gets the state from a
/// member that is there. Training is deterministic, so a state is wholly known by its number of steps; which member gave it makes no
/// difference.
package struct TrainingGroup: Sendable {
  package private(set) var generation: UInt64 = 0
  /// In the order of their shards.
  package private(set) var members: [WorkerID] = []
  /// Steps done, of those who have stopped for this generation.
  private var stopped: [WorkerID: UInt64] = [:]
  private var beginning: (step: UInt64, source: WorkerID)?
  package internal(set) var savedStep: UInt64
  package internal(set) var isPaused = false
  /// What the members have told of their tensors after `step` steps.
  private var compared: (step: UInt64, digests: [WorkerID: [UInt64]]) = (0, [:])

  /// - Parameter savedStep: where the checkpoint stands that members begin with.
  package init(savedStep: UInt64) { self.savedStep = savedStep }

  package var hasBegun: Bool { beginning != nil }

  /// A member was found, or lost.
  mutating func regroup(_ members: [WorkerID]) {
    self.members = members.sorted()
    generation += 1
    stopped = [:]
    beginning = nil
  }

  /// - Returns: whether the generation has begun just now.
  mutating func note(_ membership: Membership, of worker: WorkerID) -> Bool {
    guard beginning == nil, membership.generation == generation, membership.stopped, members.contains(worker) else {
      return false
    }
    stopped[worker] = membership.step
    guard stopped.count == members.count, let step = stopped.values.max() else { return false }
    beginning = (step, members.first { stopped[$0] == step }!)
    return true
  }

  /// A member whose tensors are not those of the others.
  package struct Deviation: Sendable, Equatable {
    package let worker: WorkerID
    package let step: UInt64
    /// Positions in the model's list of tensors.
    package let tensors: [Int]
    /// Whether more members say otherwise than agree with it; if not, nobody knows who is right.
    package let isOutvoted: Bool
  }

  /// Once all members have told how their tensors are after the same step: who differs from the most.
  mutating func compare(_ membership: Membership, of worker: WorkerID) -> [Deviation] {
    let step = membership.comparedStep
    guard step > 0, step >= compared.step, members.contains(worker) else { return [] }
    if step > compared.step { compared = (step, [:]) }
    guard compared.digests.updateValue(membership.tensorDigests, forKey: worker) == nil,
      members.allSatisfy({ compared.digests[$0] != nil })
    else { return [] }
    let votes = Dictionary(grouping: members) { compared.digests[$0]! }
    guard votes.count > 1,
      let (right, voters) = votes.max(by: { ($0.value.count, $1.value[0]) < ($1.value.count, $0.value[0]) })
    else { return [] }
    return members.filter { !voters.contains($0) }.map { worker in
      let own = compared.digests[worker]!
      let tensors = (0..<max(own.count, right.count)).filter {
        $0 >= own.count || $0 >= right.count || own[$0] != right[$0]
      }
      return Deviation(
        worker: worker, step: step, tensors: tensors, isOutvoted: votes[own]!.count < voters.count)
    }
  }

  /// What its members are told.
  func orders(profiles: [WorkerID: Profile]) -> Group {
    Group.with { group in
      group.generation = generation
      group.savedStep = savedStep
      group.pause = isPaused
      guard let beginning else { return }
      group.begun = true
      (group.step, group.source) = beginning
      group.members = members.map { worker in
        Member.with { member in
          member.worker = worker
          member.endpoint = profiles[worker]?.exchangeEndpoint ?? ""
          member.key = profiles[worker]?.exchangeKey ?? .init()
          member.threads = profiles[worker]?.threads ?? 1
        }
      }
    }
  }
}
