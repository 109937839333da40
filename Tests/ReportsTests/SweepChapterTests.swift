import Models
import Reports
import Selection
import Testing

@Suite struct SweepChapterTests {
  private func row(
    _ parameters: [String: String], _ scores: [Double], seconds: Double = 1, rung: (Int, Int)? = nil,
    failure: String? = nil
  ) -> SweepTable.Row {
    SweepTable.Row(
      Configuration(.forest, parameters.map { Configuration.Parameter($0.key, $0.value) }),
      rung: rung.map { (number: $0.0, resource: $0.1) }, outcomes: scores.map { FitOutcome(scores: ["accuracy": $0]) },
      times: scores.map { _ in FitTime(fitSeconds: seconds, scoreSeconds: 0) }, failure: failure)
  }

  private func fragment(_ rows: [SweepTable.Row]) -> String {
    let table = SweepTable(rows, metric: .accuracy, splits: 2)
    return SweepChapter(SweepSummary(table, of: .forest)).section.fragment
  }

  private var grid: [SweepTable.Row] {
    [
      row(["trees": "100", "max-depth": "10"], [0.7, 0.8], seconds: 1),
      row(["trees": "100", "max-depth": "none"], [0.8, 0.9], seconds: 2),
      row(["trees": "300", "max-depth": "10"], [0.7, 0.82], seconds: 3),
      row(["trees": "300", "max-depth": "none"], [0.9, 0.92], seconds: 5),
    ]
  }

  @Test func gridMatchesGolden() throws { try Golden.check(fragment(grid), "sweep-chapter.html") }

  @Test func statesTheBestParameters() {
    let text = fragment(grid)
    #expect(text.contains("0.9100") && text.contains("max-depth none, trees 300"))
    #expect(text.contains("0.1600"), "between the best, 0.91, and the worst, 0.75")
  }

  @Test func showsWhyATrialFailed() throws {
    let text = fragment(grid + [row(["trees": "0"], [], failure: "trees: <b>at least</b> 1")])
    #expect(text.contains("trees: &lt;b&gt;at least&lt;/b&gt; 1") && !text.contains("<b>at"))
    _ = try ParsedXML(text)
  }

  @Test func hasNoPlotsWithoutScores() throws {
    let text = fragment([row([:], [], failure: "no"), row(["trees": "5"], [], failure: "no")])
    #expect(!text.contains("<svg"))
    _ = try ParsedXML(text)
  }

  @Test func singleTrialHasNoComparison() throws {
    let text = fragment([row([:], [0.5, 0.5])])
    #expect(text.contains("the default parameters") && !text.contains("between the best and the worst"))
    _ = try ParsedXML(text)
  }

  @Test func rungsOfOneConfigurationAreOneLine() throws {
    let text = fragment([
      row(["max-depth": "5", "trees": "1"], [0.5, 0.5], rung: (0, 1)),
      row(["max-depth": "9", "trees": "1"], [0.6, 0.6], rung: (0, 1)),
      row(["max-depth": "9", "trees": "3"], [0.7, 0.7], rung: (1, 3)),
    ])
    #expect(text.contains("Score by rung"))
    _ = try ParsedXML(text)
  }
}
