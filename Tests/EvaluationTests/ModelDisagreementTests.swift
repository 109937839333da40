import Evaluation
import Foundation
import Testing

@Suite struct ModelDisagreementTests {
  private typealias Opinion = ModelDisagreement.Opinion

  /// Two models and three classes: one image with equal correct predictions, two with equal incorrect ones, two
  /// contested.
  private let opinions = [
    Opinion(model: "a", probabilities: [0.75, 0.25, 0, 0.5, 0.25, 0.25, 0, 1, 0, 1, 0, 0, 0.5, 0.5, 0]),
    Opinion(model: "b", probabilities: [0.5, 0.25, 0.25, 0.75, 0.25, 0, 0, 1, 0, 0, 0, 1, 0.25, 0.5, 0.25]),
  ]
  private let labels: [UInt8] = [0, 1, 2, 0, 2]

  @Test func listsImagesThatAllModelsContradict() throws {
    let found = try ModelDisagreement(opinions, labels: labels, classCount: 3)
    #expect(found.models == ["a", "b"] && found.images == 5)
    #expect(found.suspectCount == 2 && found.suspects.map(\.image) == [2, 1])
    #expect(found.suspects.map(\.label) == [2, 1] && found.suspects.map(\.prediction) == [1, 0])
    #expect(found.suspects.map(\.predictionProbability) == [1, 0.625])
    #expect(found.suspects.map(\.labelProbability) == [0, 0.25])
  }

  @Test func ordersContestedImagesByEntropy() throws {
    let found = try ModelDisagreement(opinions, labels: labels, classCount: 3)
    // Means (0.375, 0.5, 0.125) and (0.5, 0, 0.5).
    let fifth = -(0.375 * log2(0.375) + 0.5 * log2(0.5) + 0.125 * log2(0.125))
    #expect(found.contestedCount == 2 && found.contested.map(\.image) == [4, 3])
    #expect(zip(found.contested.map(\.entropy), [fifth, 1]).allSatisfy { abs($0 - $1) < 1e-12 })
    // The entropies of the models themselves are 1 and 1.5 bits, and 0.
    #expect(zip(found.contested.map(\.divergence), [fifth - 1.25, 1]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(found.contested.map(\.predictions) == [[0, 1], [0, 2]])
    #expect(found.agreement == [[1, 0.6], [0.6, 1]])
  }

  @Test func listsKeepTheFirstAndCountAll() throws {
    let found = try ModelDisagreement(opinions, labels: labels, classCount: 3, listed: 1)
    #expect(found.suspects.map(\.image) == [2] && found.suspectCount == 2)
    #expect(found.contested.map(\.image) == [4] && found.contestedCount == 2)
    #expect(try JSONDecoder().decode(ModelDisagreement.self, from: JSONEncoder().encode(found)) == found)
  }

  @Test func singleModelHasNoContestedImages() throws {
    let found = try ModelDisagreement([opinions[0]], labels: labels, classCount: 3)
    #expect(found.suspects.map(\.image) == [2, 4, 1] && found.contested.isEmpty && found.agreement == [[1]])
  }

  @Test func singleClassHasNoSuspects() throws {
    let found = try ModelDisagreement(
      [Opinion(model: "a", probabilities: [1, 1])], labels: [0, 0], classCount: 1)
    #expect(found.suspectCount == 0 && found.contestedCount == 0)
  }

  @Test func rejectsInvalidProbabilities() {
    #expect(throws: EvaluationError.self) {
      try ModelDisagreement([Opinion(model: "a", probabilities: [.nan])], labels: [0], classCount: 1)
    }
  }
}
