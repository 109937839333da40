import Progress
import Testing

@Suite struct WorkRateTests {
  private func images(_ done: Int, epoch: Int?) -> FitProgress {
    FitProgress(done: done, total: epoch == nil ? 0 : 1_000, unit: .images, epoch: epoch)
  }

  @Test func workBeforeResumptionDoesNotCount() {
    var rate = WorkRate(batch: 100)
    rate.update(images(500, epoch: 360), at: 0.5)
    #expect(rate.value == 200)
    rate.update(images(400, epoch: 361), at: 2)
    #expect(rate.value == 500)
  }

  /// Until its workers begin, a training reports no epoch.
  @Test func timeUntilWorkersBeginDoesNotCount() {
    var rate = WorkRate(batch: 100)
    for second in 0...60 { rate.update(images(0, epoch: nil), at: Double(second)) }
    #expect(rate.value == 0)
    rate.update(images(500, epoch: 360), at: 60.5)
    #expect(rate.value == 0)
    rate.update(images(400, epoch: 361), at: 62)
    #expect(rate.value == 600)
    // All workers are lost.
    rate.update(images(0, epoch: nil), at: 63)
    #expect(rate.value == 600)
  }

  @Test func allWorkCountsWithoutSteps() {
    var rate = WorkRate(batch: nil)
    rate.update(FitProgress(done: 30, total: 300, unit: .trees), at: 2)
    #expect(rate.value == 15)
  }
}
