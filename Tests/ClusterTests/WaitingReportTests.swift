import Cluster
import Testing

struct WaitingReportTests {
  @Test func reportsImmediatelyAndThenAtDoublingIntervals() {
    var report = WaitingReport()
    let times = (0...2_000).map { $0 * 100 }.filter { report.line("waiting", isDelayed: false, at: $0) != nil }
    #expect(times == [0, 10_000, 30_000, 70_000, 150_000])
    #expect(report.line(nil, isDelayed: false, at: 200_100) == nil)
    #expect(report.line("waiting", isDelayed: false, at: 200_200) == "waiting")
  }

  @Test func firstReportIsDelayedForLocalWorkers() {
    var report = WaitingReport()
    let times = (0...100).map { $0 * 100 }.filter { report.line("waiting", isDelayed: true, at: $0) != nil }
    #expect(times == [2_000])
  }
}
