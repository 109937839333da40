import Foundation
import Progress
import Reports
import Testing

@Suite struct ClusterChapterTests {
  private func timeline(_ json: String) throws -> ClusterTimeline {
    try JSONDecoder().decode(ClusterTimeline.self, from: Data(json.utf8))
  }

  private static func worker(_ process: Int, busy: Double, waiting: Double, host: String = "a") -> String {
    """
    {"host":"\(host)","process":\(process),"threads":1,"instructionSet":"avx2","busySeconds":\(busy),
     "waitingSeconds":\(waiting),"bytesSent":2500000}
    """
  }

  @Test func workersAndFailuresMatchGolden() throws {
    let timeline = try timeline(
      """
      {"jobs":[{"name":"cnn","start":0,"end":4},{"name":"forest","start":4,"end":6}],
       "workers":[\(Self.worker(1, busy: 4, waiting: 0.5)),\(Self.worker(2, busy: 6, waiting: 0.5))],
       "spans":[{"worker":0,"job":0,"label":"training","start":0,"end":4},
                {"worker":1,"job":0,"label":"training","start":0,"end":4},
                {"worker":1,"job":1,"label":"trees 0 to 9","start":4,"end":6}],
       "events":[{"seconds":4.5,"text":"lost: a, process 1; its work is reassigned","isFault":true}]}
      """)
    let text = ClusterChapter(timeline).section.fragment
    #expect(text.contains("10.0 %"), "1 of 10 seconds was waiting")
    #expect(text.contains("5.0 MB"))
    #expect(text.contains("failure was handled") && text.contains("its work is reassigned"))
    try Golden.check(text, "cluster-chapter.html")
  }

  @Test func singleWorkerHasNoWaitingTime() throws {
    let timeline = try timeline(
      """
      {"jobs":[{"name":"tree","start":0,"end":1}],
       "workers":[\(Self.worker(1, busy: 1, waiting: 0, host: "<i>host</i>"))],
       "spans":[],"events":[]}
      """)
    let text = ClusterChapter(timeline).section.fragment
    #expect(!text.contains("waiting for other") && !text.contains("handled") && !text.contains("<svg"))
    #expect(text.contains("&lt;i&gt;host&lt;/i&gt;"))
    _ = try ParsedXML(text)
  }
}
