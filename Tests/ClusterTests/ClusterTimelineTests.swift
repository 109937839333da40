import Cluster
import Coordination
import Foundation
import Progress
import SwiftProtobuf
import Testing

/// Tests the record of the workers' activity, whose memory is bounded.
struct ClusterTimelineTests {
  private var timeline = ClusterTimeline()

  private func chunk(_ first: Int, _ count: Int) -> Chunk {
    Chunk.with { ($0.first, $0.count) = (UInt64(first), UInt64(count)) }
  }

  private mutating func join(_ worker: WorkerID) {
    timeline.join(worker, Profile.with { ($0.host, $0.process, $0.threads) = ("host", UInt32(worker), 2) })
  }

  @Test mutating func chunkIsSpanOfItsWorkerAndJob() {
    for worker in 1...2 as ClosedRange<WorkerID> { join(worker) }
    timeline.begin("forest", at: 1)
    timeline.note(chunk(0, 4), of: "trees", by: 1, seconds: 2, byteCount: 100, at: 3.5)
    timeline.note(chunk(4, 1), of: "trees", by: 2, seconds: 9, byteCount: 10, at: 4)
    timeline.note(chunk(5, 1), of: "trees", by: 3, seconds: 1, byteCount: 10, at: 4)
    timeline.end(at: 5)
    #expect(timeline.jobs.map(\.name) == ["forest"] && timeline.jobs[0].start == 1 && timeline.jobs[0].end == 5)
    #expect(timeline.spans.map(\.label) == ["trees 0 to 3", "trees 4"], "the third worker is unknown")
    #expect(timeline.spans.map(\.worker) == [0, 1] && timeline.spans.map(\.start) == [1.5, 1])
    #expect(timeline.workers.map(\.busySeconds) == [2, 9] && timeline.workers.map(\.bytesSent) == [100, 10])
  }

  @Test mutating func longRunsMergeSpans() {
    join(1)
    timeline.begin("forest", at: 0)
    for number in 0..<10_000 {
      timeline.note(chunk(number, 1), of: "trees", by: 1, seconds: 1, byteCount: 1, at: Double(number + 1))
    }
    #expect(2_000...4_000 ~= timeline.spans.count && timeline.spans.first?.start == 0)
    #expect(timeline.spans.last?.label == "trees 9999" && timeline.spans.last?.end == 10_000)
    #expect(zip(timeline.spans, timeline.spans.dropFirst()).allSatisfy { $0.end == $1.start }, "none is missing")
    #expect(timeline.workers[0].busySeconds == 10_000)
    for number in 0..<5_000 { timeline.note("\(number)", isFault: false, at: 0) }
    #expect(timeline.events.count == 1_000)
    // Later events are recorded as well.
    timeline.begin("predict", at: 10_000)
    timeline.note(chunk(0, 1), of: "images", by: 1, seconds: 1, byteCount: 1, at: 10_001)
    #expect(timeline.spans.last?.label == "images 0" && timeline.spans.last?.job == 1)
    for worker: WorkerID in 2...2_000 { join(worker) }
    #expect(timeline.workers.count == 1_000)
  }

  @Test mutating func timelineSurvivesEncoding() throws {
    join(1)
    timeline.begin("predict", at: 0)
    timeline.note(chunk(0, 1), of: "images", by: 1, seconds: 1, byteCount: 1, at: 2)
    timeline.note("lost", isFault: true, at: 2)
    #expect(try JSONDecoder().decode(ClusterTimeline.self, from: JSONEncoder().encode(timeline)) == timeline)
  }
}
