import Coordination
import SwiftProtobuf
import Testing

struct WorkerTests {
  private var worker = Worker(id: 1, profile: Profile(), limits: Limits())

  private mutating func order(_ number: UInt64, chunks: [UInt64]) -> [Worker.Action] {
    let orders = Orders.with {
      ($0.number, $0.job.id) = (number, 7)
      $0.chunks = chunks.map { id in Chunk.with { ($0.id, $0.count) = (id, 1) } }
    }
    return worker.handle(.orders(orders, coordinator: 5), at: 0)
  }

  private mutating func end(_ chunk: UInt64) -> [Worker.Action] {
    worker.handle(.chunkEnded(chunk, digest: [], milliseconds: 1, failure: ""), at: 0)
  }

  /// Whoever computes cannot always be stopped in time: it ends what was taken away, and then what was given again.
  @Test mutating func aResultThatIsStillToBeSentIsNotForgotten() {
    _ = order(1, chunks: [3])
    #expect(order(2, chunks: []) == [.cancel])
    _ = order(3, chunks: [3])
    let first = end(3)
    #expect(first.count == 1 && first != [.forget(chunk: 3)])
    #expect(end(3).isEmpty)
    #expect(worker.tick(at: Limits().retry).contains(first[0]), "it is sent until it is no longer asked for")
    #expect(order(4, chunks: []) == [.forget(chunk: 3)])
    #expect(end(3) == [.forget(chunk: 3)], "nobody wants it any more")
  }
}
