import Cluster
import Coordination
import SwiftProtobuf
import Testing

struct ClusterErrorTests {
  @Test func namesReasonOfEachQuarantinedChunk() {
    func chunk(_ first: UInt64, _ count: UInt64) -> Chunk { Chunk.with { ($0.first, $0.count) = (first, count) } }
    let error = ClusterError(
      quarantined: [(chunk(2, 1), "no memory"), (chunk(4, 3), "bad data"), (chunk(9, 2), "no memory")], unit: "tree")
    #expect(
      "\(error)" == "no result for tree 2, trees 9 to 10: no memory; trees 4 to 6: bad data; the rest is done")
  }
}
