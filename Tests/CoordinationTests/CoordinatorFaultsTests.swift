import Coordination
import SwiftProtobuf
import Testing

/// Invalid results are computed again, and a worker that sends several of them is expelled.
struct CoordinatorFaultsTests {
  private var coordinator = Coordinator(session: 1_000, numerics: 1, limits: Limits())
  private var orders: [WorkerID: Orders] = [:]
  private var notes: [Coordinator.Note] = []
  private var refused: [WorkerID: String] = [:]
  private var now = 0

  private mutating func perform(_ actions: [Coordinator.Action]) {
    for action in actions {
      switch action {
      case .send(let new, let worker): orders[worker] = new
      case .note(let note): notes.append(note)
      case .refuse(let worker, let reason): refused[worker] = reason
      default: break
      }
    }
  }

  private mutating func join(_ worker: WorkerID) {
    let status = WorkerStatus.with { ($0.number, $0.profile.numerics, $0.profile.threads) = (1, 1, 1) }
    perform(coordinator.handle(.status(status), from: worker, at: now))
  }

  private mutating func start(workers: ClosedRange<WorkerID>, tasks: Int) {
    for worker in workers { join(worker) }
    perform(coordinator.start(.tasks(TaskPool(tasks: [0..<tasks], largestChunk: 1)), description: [], at: now))
  }

  private mutating func sendInvalidResult(_ chunk: UInt64, by worker: WorkerID) {
    let result = ChunkResult.with { ($0.job, $0.chunk) = (coordinator.lastJob, chunk) }
    #expect(coordinator.openChunk(of: result, from: worker) != nil)
    perform(coordinator.reject(result, from: worker, reason: "it is garbage", at: now))
  }

  private func chunks(of worker: WorkerID) -> [UInt64] { orders[worker]?.chunks.map(\.id) ?? [] }

  @Test mutating func chunkOfInvalidResultGoesToAnotherWorker() throws {
    start(workers: 1...2, tasks: 4)
    let rejected = try #require(chunks(of: 1).first)
    sendInvalidResult(rejected, by: 1)
    #expect(!chunks(of: 1).contains(rejected))
    // The other worker gets the chunk as soon as its queue has room.
    for chunk in chunks(of: 2) {
      let result = ChunkResult.with { ($0.job, $0.chunk, $0.milliseconds) = (coordinator.lastJob, chunk, 1) }
      perform(coordinator.handle(.result(result), from: 2, at: now))
    }
    #expect(chunks(of: 2).contains(rejected) && refused.isEmpty)
    #expect(notes.contains(.unusable(1, reason: "it is garbage")))
  }

  @Test mutating func chunkIsRetriedAfterInvalidResultsOfAllWorkers() throws {
    start(workers: 1...2, tasks: 1)
    let chunk = try #require(chunks(of: 1).first ?? chunks(of: 2).first)
    sendInvalidResult(chunk, by: chunks(of: 1).isEmpty ? 2 : 1)
    sendInvalidResult(chunk, by: chunks(of: 1).isEmpty ? 2 : 1)
    #expect(Set(chunks(of: 1) + chunks(of: 2)) == [chunk])
  }

  @Test mutating func thirdInvalidResultExpelsWorker() throws {
    start(workers: 1...1, tasks: 4)
    for time in 1...3 {
      #expect(refused.isEmpty, "after \(time - 1)")
      sendInvalidResult(try #require(chunks(of: 1).first), by: 1)
    }
    #expect(refused[1]?.contains("it is garbage") == true && coordinator.workerCount == 0)
    refused = [:]
    join(1)
    #expect(refused[1] != nil && coordinator.workerCount == 0)
    join(2)
    #expect(!chunks(of: 2).isEmpty)
  }
}
