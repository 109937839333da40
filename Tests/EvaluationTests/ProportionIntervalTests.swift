import Evaluation
import Testing

@Suite struct ProportionIntervalTests {
  @Test func matchesSciPy() throws {
    for expected in try MetricsFixture.load().intervals {
      let found = ProportionInterval(expected.successes, of: expected.count)
      #expect(abs(found.lower - expected.lower) < 1e-14 && abs(found.upper - expected.upper) < 1e-14)
      #expect(found.fraction == Double(expected.successes) / Double(expected.count))
    }
  }

  @Test func intervalIsFullWithoutTrials() {
    let found = ProportionInterval(0, of: 0)
    #expect([found.lower, found.fraction, found.upper] == [0, 0, 1])
  }

  @Test func intervalContainsFractionWithinZeroAndOne() {
    for count in 1...60 {
      for successes in 0...count {
        let found = ProportionInterval(successes, of: count)
        #expect(0 <= found.lower && found.lower <= found.fraction && found.fraction <= found.upper && found.upper <= 1)
        let mirrored = ProportionInterval(count - successes, of: count)
        #expect(abs(found.lower - (1 - mirrored.upper)) < 1e-15)
      }
    }
  }

  /// The mean of 1, 2, 3, 4 is 2.5, their standard deviation sqrt(5/3).
  @Test func meanIntervalIsNormal() {
    let found = MeanInterval([1, 2, 3, 4])
    let reach = 1.959963984540054 * (5.0 / 3 / 4).squareRoot()
    #expect(found.mean == 2.5)
    #expect(abs(found.lower - (2.5 - reach)) < 1e-15 && abs(found.upper - (2.5 + reach)) < 1e-15)
    let single = MeanInterval([7])
    #expect([single.lower, single.mean, single.upper] == [7, 7, 7])
  }
}
