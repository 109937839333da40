import Coordination
import Testing

struct CrashStatisticsTests {
  /// Compares with sums of exact binomial coefficients.
  @Test func binomialTailIsExact() {
    for (least, count, probability) in [(1, 1, 0.25), (3, 3, 0.1), (2, 9, 0.3), (7, 20, 0.5), (20, 20, 0.5)] {
      var expected = 0.0
      for number in least...count {
        var term = 1.0
        for factor in 0..<number { term *= Double(count - factor) / Double(factor + 1) * probability }
        for _ in number..<count { term *= 1 - probability }
        expected += term
      }
      let found = CrashStatistics.probability(ofAtLeast: least, among: count, each: probability)
      #expect(abs(found - expected) <= 1e-12 * expected + 1e-300, "\(least) of \(count) at \(probability)")
    }
    #expect(CrashStatistics.probability(ofAtLeast: 0, among: 4, each: 0.5) == 1)
    #expect(CrashStatistics.probability(ofAtLeast: 3, among: 4, each: 1) == 1)
  }

  private func failures(_ count: Int, each exposure: Milliseconds) -> FailureHistory {
    var failures = FailureHistory()
    for number in 0..<count {
      failures.record(WorkerID(number), at: 60_000 * number, window: 500, after: exposure, isProven: true)
    }
    return failures
  }

  /// Three failures after a second each are significant if no other worker is lost in an hour; three failures after an
  /// hour each are not if workers live about an hour.
  @Test func requiredEvidenceScalesWithRunningTime() {
    var reliable = CrashStatistics()
    reliable.add(time: 3_600_000, workers: 4)
    #expect(reliable.isSignificant(failures(3, each: 1_000), others: []))
    var unreliable = reliable
    unreliable.add(time: 3_600_000, workers: 16)
    for worker in 0..<20 { unreliable.noteUnrelatedLoss(of: WorkerID(worker), at: 180_000 * worker, window: 500) }
    #expect(!unreliable.isSignificant(failures(3, each: 3_600_000), others: []))
    #expect(!unreliable.isSignificant(failures(12, each: 3_600_000), others: []))
    #expect(
      unreliable.isSignificant(failures(12, each: 60_000), others: []),
      "failures within a minute are still significant")
    #expect(
      unreliable.isSignificant(failures(CrashStatistics.sufficientCount, each: 3_600_000), others: []),
      "this number is sufficient at any rate")
  }

  /// Losses at the same time, such as those of a host, count once, and those of workers that return do not count.
  @Test func unrelatedLossesAreGrouped() {
    func isSignificant(_ losses: [(WorkerID, Milliseconds)], returned: [WorkerID] = []) -> Bool {
      var statistics = CrashStatistics()
      statistics.add(time: 600_000, workers: 1)
      for (worker, time) in losses { statistics.noteUnrelatedLoss(of: worker, at: time, window: 500) }
      for worker in returned { statistics.noteReturn(of: worker) }
      return statistics.isSignificant(failures(4, each: 1_000), others: [])
    }
    let apart = (1...40).map { (WorkerID($0), 1_000 * $0) }
    #expect(isSignificant([]) && !isSignificant(apart))
    #expect(isSignificant(apart.map { ($0.0, 0) }))
    #expect(isSignificant(apart, returned: apart.map(\.0)))
  }

  /// Several tasks that crash workers do not hide each other.
  @Test func failuresOfOtherSuspectsDoNotCount() {
    var statistics = CrashStatistics()
    statistics.add(time: 300_000, workers: 2)
    #expect(statistics.isSignificant(failures(4, each: 1_000), others: (0..<20).map { _ in failures(4, each: 1_000) }))
    #expect(
      !statistics.isSignificant(failures(4, each: 1_000), others: (0..<200).map { _ in failures(1, each: 1_000) }))
  }

  /// Workers that survive the same work are evidence that the work is not the cause.
  @Test func timeOfSurvivorsCounts() {
    var statistics = CrashStatistics()
    statistics.add(time: 600_000, workers: 2)
    for worker in 0..<4 { statistics.noteUnrelatedLoss(of: WorkerID(100 + worker), at: 60_000 * worker, window: 500) }
    var failures = failures(5, each: 1_000)
    #expect(statistics.isSignificant(failures, others: []))
    failures.survivorTime = 500_000
    #expect(!statistics.isSignificant(failures, others: []))
  }

  /// A loss within the window of one that was undone does not belong to an older failure.
  @Test func lossAfterUndoneLossIsAFailureOfItsOwn() {
    var failures = FailureHistory()
    for (worker, time) in [(1, 0), (2, 60_000)] as [(WorkerID, Milliseconds)] {
      failures.record(worker, at: time, window: 500, after: 1_000, isProven: false)
    }
    failures.remove(2)
    failures.record(3, at: 60_100, window: 500, after: 1_000, isProven: true)
    #expect(failures.count == 2)
    failures.remove(3)
    #expect(failures.count == 1 && failures.exposure == 1_000)
  }

  @Test func reconnectedWorkerIsRemovedFromFailures() {
    var failures = failures(3, each: 1_000)
    let (first, second) = (failures.remove(1), failures.remove(1))
    #expect(first && !second && failures.count == 2 && failures.exposure == 2_000)
  }

  @Test func clockStopsDuringPauses() {
    var clock = PauseClock(Limits())
    let before = [(5_000, false), (50_000, true), (52_000, true)].map { clock.read($0, isTick: $1) }
    #expect(
      before.map(\.time) == [5_000, 50_000, 52_000] && before.allSatisfy { $0.pause == 0 }, "late, but not a pause")
    let (time, pause) = clock.read(100_000, isTick: false)
    #expect(time == 52_500 && pause == 47_500 && clock.externalTime(of: time) == 100_000)
    let after = clock.read(100_100, isTick: true)
    #expect(after.time == 52_600 && after.pause == 0)
  }
}
