import Coordination
import SwiftProtobuf
import Testing

/// A member that joins late, and gets its state from another member.
struct TrainingMemberTests {
  private var member = TrainingMember(
    job: 1, worker: 10, step: 0, agreed: StateName(step: 0, digest: 1), isFinished: false, resendTimeout: 100)

  /// Begins the second generation after round 5. This member lacks the state, and worker 20 has it.
  init() {
    var group = Group.with { $0.generation = 2 }
    _ = member.follow(group, at: 0)
    group.members = [10, 20].map { worker in Member.with { $0.worker = worker } }
    (group.begun, group.step, group.digest, group.source) = (true, 5, 77, 20)
    _ = member.follow(group, at: 0)
  }

  private func header(_ kind: ExchangeHeader.Kind, step: UInt64, generation: UInt64 = 2) -> ExchangeHeader {
    .with { ($0.job, $0.generation, $0.kind, $0.step, $0.sender) = (1, generation, kind, step, 1) }
  }

  /// The other members continue at once, and send a message again only on request.
  @Test mutating func messagesBeforeTheStateAreKept() {
    let piece = header(.contribution, step: 5)
    #expect(member.receive(piece, at: 1) == [.keepForLater])
    #expect(member.receive(header(.contribution, step: 4), at: 1).isEmpty, "a message of a round before the state")
    #expect(member.receive(header(.state, step: 5), at: 2) == [.loadState(StateName(step: 5, digest: 77))])
    #expect(member.isEarly(piece))
    #expect(member.loaded(isFinished: false, at: 3) == [.compute])
    #expect(!member.isEarly(piece) && member.receive(piece, at: 3) == [.exchange(.keep)])
  }

  @Test func onlyMessagesOfFutureGenerationsAreEarly() {
    #expect(member.isEarly(header(.contribution, step: 5, generation: 3)))
    #expect(!member.isEarly(header(.contribution, step: 5, generation: 1)))
    #expect(!member.isEarly(header(.state, step: 5)))
  }

  @Test mutating func invalidStateIsRequestedAgain() {
    #expect(member.receive(header(.state, step: 5), at: 50) == [.loadState(StateName(step: 5, digest: 77))])
    #expect(member.tick(at: 99).isEmpty)
    #expect(member.tick(at: 100) == [.requestState(of: 1)])
    #expect(member.receive(header(.state, step: 5), at: 150) == [.loadState(StateName(step: 5, digest: 77))])
  }

  /// The coordinator needs the report to find a cut link.
  @Test func reportsWaitForState() throws {
    let waiting = try #require(member.waiting(at: 60_000))
    #expect(waiting == (20, 12_000))
  }

  /// The training ends when all members have finished it. A member whose link to this one is cut may lack a message.
  @Test(arguments: [10, 20] as [WorkerID]) func finishedMemberWaitsForUnfinishedMembers(worker: WorkerID) {
    let state = StateName(step: 5, digest: 77)
    var member = TrainingMember(job: 1, worker: worker, step: 5, agreed: state, isFinished: true, resendTimeout: 100)
    var group = Group.with { $0.generation = 2 }
    _ = member.follow(group, at: 0)
    #expect(member.waiting(at: 50) == nil)
    group.members = [10, 20].map { worker in Member.with { $0.worker = worker } }
    (group.begun, group.step, group.digest, group.source) = (true, 5, 77, 10)
    #expect(member.follow(group, at: 100).contains(.restoreState(step: 5)))
    #expect(member.loaded(isFinished: true, at: 100) == (worker == 10 ? [.sendCheckpoint(step: 5)] : []))
    #expect(member.waiting(at: 1_100).map { [$0.for, UInt64($0.milliseconds)] } == [0, 1_000])
  }

  /// Trains in a group of two, with a comparison after every round.
  private mutating func train(rounds: Int, agreed: StateName? = nil) -> [TrainingMember.Action] {
    var actions: [TrainingMember.Action] = []
    for _ in 0..<rounds {
      let comparison = Comparison.with { ($0.step, $0.tensorDigests) = (member.step + 1, [member.step + 1]) }
      actions = member.applied(isFinished: false, isCheckpointDue: true, comparison: comparison, at: 10)
    }
    return actions
  }

  @Test mutating func memberWithTwoPendingStatesWaits() throws {
    _ = member.receive(header(.state, step: 5), at: 2)
    _ = member.loaded(isFinished: false, at: 3)
    #expect(train(rounds: 1).contains(.compute) && member.keptSteps == [5, 6])
    #expect(!train(rounds: 1).contains(.compute) && member.keptSteps == [5, 6, 7], "no more than two pending states")
    var group = Group.with { ($0.generation, $0.begun, $0.step, $0.digest, $0.source) = (2, true, 5, 77, 20) }
    group.members = [10, 20].map { worker in Member.with { $0.worker = worker } }
    (group.agreedStep, group.agreedDigest) = (6, StateName(step: 6, tensors: [1]).digest)
    #expect(member.follow(group, at: 20).isEmpty && member.keptSteps == [5, 6, 7], "another state was agreed on")
    group.agreedDigest = StateName(step: 6, tensors: [6]).digest
    #expect(member.follow(group, at: 20) == [.sendCheckpoint(step: 6), .compute])
    #expect(member.keptSteps == [6, 7] && member.membership.agreedStep == 6)
  }

  @Test mutating func newGenerationRestoresAgreedState() {
    _ = member.receive(header(.state, step: 5), at: 2)
    _ = member.loaded(isFinished: false, at: 3)
    _ = train(rounds: 2)
    var group = Group.with { $0.generation = 3 }
    #expect(member.follow(group, at: 20) == [.report(member.membership)] && member.membership.agreedStep == 5)
    group.members = [10, 20].map { worker in Member.with { $0.worker = worker } }
    (group.begun, group.step, group.digest, group.source) = (true, 5, 77, 10)
    #expect(member.follow(group, at: 30).contains(.restoreState(step: 5)))
    #expect(member.loaded(isFinished: false, at: 30) == [.compute] && member.step == 5 && member.keptSteps == [5])
  }
}
