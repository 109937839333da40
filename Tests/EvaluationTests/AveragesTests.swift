import Evaluation
import Foundation
import Testing

/// Averages that scikit-learn computes from labels and predictions (Tests/Peers/fixtures/averages.py).
private struct Case: Decodable {
  let kind: String
  let classCount: Int
  let labels, predictions: [UInt8]
  let accuracy, balancedAccuracy: Double
  let macroAverage, weightedAverage: ClassMeasures
}

@Suite struct AveragesTests {
  @Test func averagesOverClassesMatchScikitLearn() throws {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/averages", withExtension: "json"))
    let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
    #expect(Set(cases.map(\.kind)).count == 9 && cases.count > 100)
    for (number, fixture) in cases.enumerated() {
      var probabilities = [Float](repeating: 0, count: fixture.labels.count * fixture.classCount)
      for (image, label) in fixture.predictions.enumerated() {
        probabilities[image * fixture.classCount + Int(label)] = 1
      }
      let found = try Evaluation(
        probabilities: probabilities, labels: fixture.labels, classNames: (0..<fixture.classCount).map { "c\($0)" })
      let pairs = [
        (found.accuracy, fixture.accuracy), (found.balancedAccuracy, fixture.balancedAccuracy),
        (found.macroAverage.precision, fixture.macroAverage.precision),
        (found.macroAverage.recall, fixture.macroAverage.recall), (found.macroAverage.f1, fixture.macroAverage.f1),
        (found.weightedAverage.precision, fixture.weightedAverage.precision),
        (found.weightedAverage.recall, fixture.weightedAverage.recall),
        (found.weightedAverage.f1, fixture.weightedAverage.f1),
      ]
      #expect(pairs.allSatisfy { abs($0 - $1) < 1e-12 }, "case \(number), \(fixture.kind): \(pairs)")
    }
  }
}
