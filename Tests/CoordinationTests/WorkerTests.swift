import Coordination
import Foundation
import SwiftProtobuf
import Testing

@Suite struct WorkerTests {
  private func orders(_ number: UInt64, chunks: [UInt64]) -> Worker.Event {
    .orders(
      .with {
        $0.number = number
        $0.job.id = 1
        $0.chunks = chunks.map { id in .with { ($0.id, $0.first, $0.count) = (id, id, 1) } }
      }, coordinator: 1)
  }

  private func ended(_ chunk: UInt64) -> Worker.Event { .chunkEnded(chunk, digest: [1], milliseconds: 1, error: nil) }

  /// Returns the actions on chunks as texts.
  private func words(_ actions: [Worker.Action]) -> [String] {
    actions.compactMap {
      switch $0 {
      case .start(let chunk): "start \(chunk.id)"
      case .cancel(let chunk): "cancel \(chunk)"
      case .sendResult(let result): "send \(result.chunk)"
      case .forget(let chunk): "forget \(chunk)"
      default: nil
      }
    }
  }

  @Test func startsEachChunkOnce() {
    var worker = Worker(id: 7, profile: Profile(), limits: Limits())
    #expect(words(worker.handle(orders(1, chunks: [1, 2]), at: 0)) == ["start 1", "start 2"])
    #expect(words(worker.handle(ended(1), at: 1)) == ["send 1"])
    #expect(words(worker.handle(orders(2, chunks: [1, 2, 3]), at: 2)) == ["start 3"])
    #expect(words(worker.handle(orders(3, chunks: [3]), at: 3)) == ["forget 1", "cancel 2"])
  }

  @Test func resultOfCancelledChunkIsDiscarded() {
    var worker = Worker(id: 7, profile: Profile(), limits: Limits())
    _ = worker.handle(orders(1, chunks: [1, 2]), at: 0)
    _ = worker.handle(orders(2, chunks: [2]), at: 1)
    #expect(words(worker.handle(ended(1), at: 2)) == ["forget 1"])
  }

  /// A cancelled chunk may be computed twice. Both results are equal, and may be requested again.
  @Test func resultOfRepeatedChunkIsKept() {
    var worker = Worker(id: 7, profile: Profile(), limits: Limits())
    _ = worker.handle(orders(1, chunks: [1]), at: 0)
    _ = worker.handle(orders(2, chunks: []), at: 1)
    _ = worker.handle(orders(3, chunks: [1]), at: 2)
    #expect(words(worker.handle(ended(1), at: 3)) == ["send 1"])
    #expect(words(worker.handle(ended(1), at: 4)) == [])
    #expect(words(worker.tick(at: 3 + Limits().retryInterval)) == ["send 1"])
  }

  /// Orders wait behind the parts of a large file; without any message, the worker reports that it receives nothing.
  @Test(arguments: [true, false]) func partsOfFilesCountAsMessages(areReceived: Bool) {
    var worker = Worker(id: 7, profile: Profile(), limits: Limits())
    _ = worker.handle(orders(1, chunks: []), at: 0)
    var elapsed: UInt32 = 0
    for time in stride(from: 250, through: 20_000, by: 250) {
      if areReceived { worker.noteMessage(of: 1, at: time) }
      for case .send(let status) in worker.tick(at: time) { elapsed = status.millisecondsSinceOrders }
    }
    #expect(areReceived ? elapsed == 0 : elapsed >= 19_500)
  }
}
