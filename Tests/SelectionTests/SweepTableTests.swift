import Foundation
import Models
import Selection
import Testing

@Suite struct SweepTableTests {
  /// The scores in the script that generates the fixture.
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

  @Test func columnsAndRanksEqualThoseOfScikitLearn() throws {
    let path = try #require(Bundle.module.path(forResource: "Fixtures/cv_results", ofType: "csv"))
    let theirs = cells(try String(contentsOfFile: path, encoding: .utf8))
    // The column of parameter objects is left out, because the simple reader does not handle its commas.
    let text = table().files.scores.replacingOccurrences(
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

  @Test func onlyOneTableHasTimes() {
    #expect(table(times: 1).files.scores == table(times: 2).files.scores)
    #expect(table(times: 1).files.csv != table(times: 2).files.csv)
    #expect(table().files.csv.hasPrefix("mean_fit_time,std_fit_time,mean_score_time,std_score_time,param_"))
  }

  @Test func quotesText() {
    let row = SweepTable.Row(
      Configuration(.cnn, [.init("filters", "8,16")]), outcomes: [], times: [], failure: "it said \"no\"\nand left")
    let csv = SweepTable([row], metric: .accuracy, splits: 2).files.scores
    #expect(csv.contains("\"8,16\"") && csv.contains("\"it said \"\"no\"\"\nand left\""))
  }

  @Test func jsonHasAListForEachColumn() throws {
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(table().files.json.utf8)) as? [String: [Any]])
    #expect(object["rank_test_score"]?.count == 6)
    #expect(object["mean_test_score"]?[5] is NSNull)
    #expect(object["param_depth"] as? [Int] == [1, 1, 2, 2, 3, 3])
    #expect(
      object["params"] as? [[String: Int]] == [1, 2, 3].flatMap { d in [10, 20].map { ["depth": d, "trees": $0] } })
  }

  @Test func columnOfWordsAndNumbersIsText() throws {
    let rows = ["10", "none"].map {
      SweepTable.Row(
        Configuration(.tree, [.init("max-depth", $0), .init("max-features", "0.5")]), outcomes: [], times: [],
        failure: "cannot be")
    }
    let json = SweepTable(rows, metric: .accuracy, splits: 2).files.json
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: [Any]])
    #expect(object["param_max-depth"] as? [String] == ["10", "none"])
    #expect(object["param_max-features"] as? [Double] == [0.5, 0.5])
  }

  /// By definition, a rank is one more than the number of better scores.
  @Test func ranksMatchTheirDefinition() {
    let rows = (0..<60).map { index in
      let score = index % 7 == 3 ? Double.nan : Double(index * 37 % 11)
      return SweepTable.Row(
        Configuration(.tree, [.init("max-depth", "\(index)")]), rung: (index % 3, 1),
        outcomes: [FitOutcome(scores: ["accuracy": score])], times: [])
    }
    let keys = rows.map { ($0.rung!.number, $0.mean(.accuracy)) }
    let ranks = keys.map { own in
      1 + keys.count { !$0.1.isNaN && (own.1.isNaN || $0 > own) }
    }
    #expect(SweepTable(rows, metric: .accuracy, splits: 1).ranks == ranks)
  }

  @Test func laterRungRanksBeforeEarlierOne() {
    func row(_ depth: Int, _ rung: Int, _ score: Double) -> SweepTable.Row {
      SweepTable.Row(
        Configuration(.tree, [.init("max-depth", "\(depth)")]), rung: (rung, 10 * (rung + 1)),
        outcomes: [FitOutcome(scores: ["accuracy": score])], times: [FitTime(fitSeconds: 0, scoreSeconds: 0)])
    }
    let table = SweepTable([row(1, 0, 0.9), row(2, 0, 0.8), row(1, 1, 0.7)], metric: .accuracy, splits: 1)
    #expect(table.ranks == [2, 3, 1])
    #expect(table.files.scores.hasPrefix("iter,n_resources,"))
  }
}
