import Foundation
import Models
import Selection
import Testing

@Suite struct SweepTableTests {
  /// The scores of the script that made the fixture.
  private func table(times: Double = 1) -> SweepTable {
    var rows: [SweepTable.Row] = []
    for depth in 1...3 {
      for trees in [10, 20] {
        let isMissing = depth == 3 && trees == 20
        let outcomes = (0..<3).map { fold in
          isMissing
            ? FitOutcome(failure: "cannot be")
            : FitOutcome(scores: ["accuracy": Double((depth * 7 + trees * 3 + fold) % 5) / 8])
        }
        let time = FitTime(fitSeconds: times, scoreSeconds: times)
        rows.append(
          SweepTable.Row(
            Configuration(.forest, [.init("trees", "\(trees)"), .init("depth", "\(depth)")]), outcomes: outcomes,
            times: [time, time, time]))
      }
    }
    return SweepTable(rows, metric: .accuracy, splits: 3)
  }

  private func cells(_ csv: String) -> [String: [String]] {
    let lines = csv.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    return Dictionary(
      uniqueKeysWithValues: lines[0].enumerated().map { column, name in
        (String(name), lines.dropFirst().map { column < $0.count ? String($0[column]) : "" })
      })
  }

  @Test func columnsAndRanksAreScikitLearns() throws {
    let path = try #require(Bundle.module.path(forResource: "Fixtures/cv_results", ofType: "csv"))
    let theirs = cells(try String(contentsOfFile: path, encoding: .utf8))
    // Without the parameters as an object, whose commas a simple reader does not understand.
    let text = table().csv(withTimes: false).replacingOccurrences(
      of: "\"\\{.*?\\}\"", with: "", options: .regularExpression)
    let ours = cells(text)
    for (name, values) in theirs {
      let own = try #require(ours[name], "\(name) is missing")
      for (a, b) in zip(values, own) {
        if let a = Double(a), let b = Double(b) {
          #expect(abs(a - b) < 1e-12, "\(name)")
        } else {
          #expect(a == b, "\(name)")
        }
      }
    }
  }

  @Test func timesAreInOneTableOnly() {
    #expect(table(times: 1).csv(withTimes: false) == table(times: 2).csv(withTimes: false))
    #expect(table(times: 1).csv(withTimes: true) != table(times: 2).csv(withTimes: true))
    #expect(table().csv(withTimes: true).hasPrefix("mean_fit_time,std_fit_time,mean_score_time,std_score_time,param_"))
  }

  @Test func textIsQuoted() {
    let row = SweepTable.Row(
      Configuration(.cnn, [.init("filters", "8,16")]), outcomes: [], times: [], failure: "it said \"no\"\nand left")
    let csv = SweepTable([row], metric: .accuracy, splits: 2).csv(withTimes: false)
    #expect(csv.contains("\"8,16\"") && csv.contains("\"it said \"\"no\"\"\nand left\""))
  }

  @Test func theJSONHasAListForEachColumn() throws {
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(table().json.utf8)) as? [String: [Any]])
    #expect(object["rank_test_score"]?.count == 6)
    #expect(object["mean_test_score"]?[5] is NSNull)
  }

  @Test func aLaterRungRanksBeforeAnEarlierOne() {
    func row(_ depth: Int, _ rung: Int, _ score: Double) -> SweepTable.Row {
      SweepTable.Row(
        Configuration(.tree, [.init("max-depth", "\(depth)")]), rung: (rung, 10 * (rung + 1)),
        outcomes: [FitOutcome(scores: ["accuracy": score])], times: [FitTime(fitSeconds: 0, scoreSeconds: 0)])
    }
    let table = SweepTable([row(1, 0, 0.9), row(2, 0, 0.8), row(1, 1, 0.7)], metric: .accuracy, splits: 1)
    #expect(table.ranks == [2, 3, 1])
    #expect(table.csv(withTimes: false).hasPrefix("iter,n_resources,"))
  }
}
