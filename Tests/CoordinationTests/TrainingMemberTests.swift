import Coordination
import SwiftProtobuf
import Testing

/// A member that joins late, and gets its state from another one.
struct TrainingMemberTests {
  private var member = TrainingMember(job: 1, worker: 10, step: 0, isFinished: false, patience: 100)

  /// The second generation begins after round 5. This member knows nothing of it, and worker 20 has the state.
  init() {
    var group = Group.with { $0.generation = 2 }
    _ = member.follow(group, at: 0)
    group.members = [10, 20].map { worker in Member.with { $0.worker = worker } }
    (group.begun, group.step, group.source) = (true, 5, 20)
    _ = member.follow(group, at: 0)
  }

  private func header(_ kind: ExchangeHeader.Kind, step: UInt64, generation: UInt64 = 2) -> ExchangeHeader {
    .with { ($0.job, $0.generation, $0.kind, $0.step, $0.sender) = (1, generation, kind, step, 1) }
  }

  /// The others go on at once, and do not send twice what they are not asked for.
  @Test mutating func whatComesBeforeTheStateIsKeptUntilTheStateIsThere() {
    let piece = header(.contribution, step: 5)
    #expect(member.receive(piece, at: 1) == [.keepForLater])
    #expect(member.receive(header(.contribution, step: 4), at: 1).isEmpty, "of a round before the state")
    #expect(member.receive(header(.state, step: 5), at: 2) == [.loadState(step: 5)])
    #expect(member.isEarly(piece))
    #expect(member.loaded(step: 5, isFinished: false, at: 3) == [.compute])
    #expect(!member.isEarly(piece) && member.receive(piece, at: 3) == [.exchange(.keep)])
  }

  @Test func generationsThatAreYetToBeginAreEarlyAndOlderOnesAreNot() {
    #expect(member.isEarly(header(.contribution, step: 5, generation: 3)))
    #expect(!member.isEarly(header(.contribution, step: 5, generation: 1)))
    #expect(!member.isEarly(header(.state, step: 5)))
  }

  @Test mutating func aStateThatCannotBeUsedIsAskedForAgain() {
    #expect(member.receive(header(.state, step: 5), at: 50) == [.loadState(step: 5)])
    #expect(member.tick(at: 99).isEmpty)
    #expect(member.tick(at: 100) == [.requestState(of: 1)])
    #expect(member.receive(header(.state, step: 5), at: 150) == [.loadState(step: 5)])
  }

  /// Else nobody would know whom a group stands still for when a link is cut.
  @Test func whoWaitsForAStateSaysSo() throws {
    let waiting = try #require(member.waiting(at: 60_000))
    #expect(waiting == (20, 12_000))
  }

  /// The training ends when the first has come to its end, and that may lack something of this one, whose link to it is cut.
  @Test(arguments: [10, 20] as [WorkerID]) func whoIsDoneWaitsForTheFirst(worker: WorkerID) {
    var member = TrainingMember(job: 1, worker: worker, step: 5, isFinished: true, patience: 100)
    var group = Group.with { $0.generation = 2 }
    _ = member.follow(group, at: 0)
    #expect(member.waiting(at: 50) == nil)
    group.members = [10, 20].map { worker in Member.with { $0.worker = worker } }
    (group.begun, group.step, group.source) = (true, 5, 10)
    let actions = member.follow(group, at: 100)
    #expect(actions.contains(.sendCheckpoint) == (worker == 10))
    #expect(member.waiting(at: 1_100).map { [$0.for, UInt64($0.milliseconds)] } == (worker == 10 ? nil : [10, 1_000]))
  }
}
