import Compute
import Datasets
import Evaluation
import Foundation
import Models
import Testing

@Suite struct NeighborsExplanationTests {
  private let shape = ImageShape(height: 3, width: 2, channels: 3)

  private func model(_ weights: Weighting, _ metric: DistanceMetric = .euclidean, neighbors: Int = 6) throws
    -> NearestNeighbors
  {
    var settings = NeighborsSettings()
    (settings.neighbors, settings.weights, settings.metric) = (neighbors, weights, metric)
    return try NearestNeighbors.fit(
      coarseImages(50, shape, classes: 3, levels: 40), classCount: 3, settings: settings, on: anyContext,
      progress: { _ in true })
  }

  private func explain(_ model: NearestNeighbors, _ images: LabeledImages, threads: Int = 1) throws
    -> [NeighborsExplanation]
  {
    try NeighborsExplanation.all(
      of: model, images: images, classNames: ["a", "b", "c"],
      on: ComputeContext(threads: threads, instructionSet: .available.max()!), progress: { _ in true })
  }

  @Test(arguments: [Weighting.uniform, .distance]) func sharesSumToProbabilities(weights: Weighting) throws {
    let model = try model(weights)
    let images = coarseImages(20, shape, classes: 3, levels: 40, key: 1)
    let probabilities = try model.probabilities(for: images, on: anyContext, progress: { _ in true })
    let found = try explain(model, images)
    #expect(found.count == 20)
    for (image, explanation) in found.enumerated() {
      let own = Array(probabilities[image * 3..<image * 3 + 3])
      #expect(explanation.probabilities == own && own[explanation.prediction] == own.max())
      #expect(explanation.neighbors.count == 6 && explanation.weights == weights && explanation.metric == .euclidean)
      for label in 0..<3 {
        let voters = explanation.neighbors.filter { $0.label == label }
        #expect(voters.count == explanation.votes[label])
        #expect(abs(voters.reduce(0) { $0 + $1.share } - Double(own[label])) < 1e-6)
      }
      // Brute force.
      let distances = (0..<50).map { distance(images.pixels(of: image), model.training.pixels(of: $0)) }
      let order = (0..<50).sorted { (distances[$0], $0) < (distances[$1], $1) }.prefix(6)
      #expect(explanation.neighbors.map(\.image) == Array(order))
      #expect(explanation.neighbors.map(\.distance) == order.map { distances[$0] })
      #expect(explanation.neighbors.allSatisfy { Int(model.training.labels[$0.image]) == $0.label })
    }
    #expect(try explain(model, images, threads: 3) == found)
    #expect(try JSONDecoder().decode([NeighborsExplanation].self, from: JSONEncoder().encode(found)) == found)
  }

  @Test func trainingImageIsItsOwnNearestNeighbor() throws {
    let model = try model(.distance)
    let found = try explain(model, model.training.selecting([7]))[0]
    #expect(found.neighbors[0].image == 7 && found.neighbors[0].distance == 0 && found.neighbors[0].share == 1)
    #expect(found.neighbors.dropFirst().allSatisfy { $0.share == 0 && $0.distance > 0 })
    #expect(found.prediction == Int(model.training.labels[7]))
  }

  @Test func rejectsOtherImageShapes() throws {
    let model = try model(.uniform)
    #expect(throws: ModelError.self) { try explain(model, rowImages([[1]], labels: [0])) }
  }
}
