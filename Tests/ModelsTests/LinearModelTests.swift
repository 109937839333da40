import Compute
import Datasets
import Foundation
import Models
import Progress
import Testing

@Suite struct LinearModelTests {
  struct Fixture: Decodable {
    let c: Double
    let features, classes: Int
    let pixels, labels: [UInt8]
    let objective: Double
    /// Pixels of images outside of the training set.
    let unseen: [UInt8]
    let probabilities: [Double]
  }

  static func fixtures() throws -> [Fixture] {
    let url = try #require(
      Bundle.module.url(forResource: "linear-sklearn", withExtension: "json", subdirectory: "Fixtures"))
    return try JSONDecoder().decode([Fixture].self, from: Data(contentsOf: url))
  }

  private func solve(
    _ images: LabeledImages, classes: Int, c: Double = 1, tolerance: Double = 1e-5, iterations: Int = 1000,
    on context: ComputeContext = anyContext
  ) throws -> LinearFit {
    var settings = LinearSettings()
    (settings.inverseRegularization, settings.tolerance, settings.iterations) = (c, tolerance, iterations)
    return try LinearModel.solve(images, classCount: classes, settings: settings, on: context) { _ in true }
  }

  // MARK: scikit-learn

  @Test func objectiveAndProbabilitiesMatchScikitLearn() throws {
    for fixture in try Self.fixtures() {
      let shape = ImageShape(height: 1, width: fixture.features, channels: 1)
      let images = LabeledImages(shape: shape, pixels: fixture.pixels, labels: fixture.labels)
      let fit = try solve(images, classes: fixture.classes, c: fixture.c, tolerance: 1e-6)
      #expect(abs(fit.objective - fixture.objective) < 1e-5 * fixture.objective, "C \(fixture.c)")
      let unseen = LabeledImages(
        shape: shape, pixels: fixture.unseen,
        labels: [UInt8](repeating: 0, count: fixture.unseen.count / fixture.features))
      let probabilities = try fit.model.probabilities(for: unseen, on: anyContext) { _ in true }
      for (own, peer) in zip(probabilities, fixture.probabilities) { #expect(abs(Double(own) - peer) < 1e-3) }
      #expect(abs(try objective(of: fit.model, images) - fit.objective) < 1e-5 * fit.objective)
    }
  }

  /// Returns the objective, computed plainly in double precision.
  private func objective(of model: LinearModel, _ images: LabeledImages) throws -> Double {
    let features = images.shape.count
    var value = model.weights.reduce(0) { $0 + Double($1) * Double($1) } / 2
    for image in 0..<images.count {
      let scores = (0..<model.classCount).map { label in
        (0..<features).reduce(Double(model.intercepts[label])) {
          $0 + Double(model.weights[label * features + $1]) * Double(images.pixels[image * features + $1]) / 255
        }
      }
      let largest = scores.max()!
      let total = log(scores.reduce(0) { $0 + exp($1 - largest) }) + largest
      value += model.configuration.inverseRegularization * (total - scores[Int(images.labels[image])])
    }
    return value
  }

  /// The objective and the accuracy of scikit-learn 1.9 on these images, with a tolerance of 1e-8.
  @Test func accuracyOnRealImages() throws {
    let dataset = try Dataset.load(environment: [:])
    let test = dataset.test.prefix(2000)
    let fit = try solve(dataset.train.prefix(2000), classes: 10, c: 0.01)
    let probabilities = try fit.model.probabilities(for: test, on: anyContext) { _ in true }
    let correct = (0..<test.count).count { image in
      let row = probabilities[image * 10..<(image + 1) * 10]
      return row.firstIndex(of: row.max()!)! - image * 10 == Int(test.labels[image])
    }
    #expect(abs(Double(correct) / 2000 - 0.7935) <= 0.001)
    #expect(abs(fit.objective / 16.22388957 - 1) < 1e-4)
  }

  // MARK: The same bits

  @Test func digestsAreIndependentOfThreadCountAndInstructionSet() throws {
    let real = try Dataset.load(environment: [:]).train
    let contexts =
      [1, 2, 3].map { ComputeContext(threads: $0, instructionSet: .available.max()!) }
      + InstructionSet.available.map { ComputeContext(threads: 2, instructionSet: $0) }
    // The second set has too few images for the full matrix.
    for (images, classes) in [(real.prefix(4000), 10), (real.prefix(300), 10), (noisy, 3)] {
      let fits = try contexts.map { try solve(images, classes: classes, iterations: 25, on: $0) }
      #expect(Set(fits.map(\.model.digest)).count == 1)
      #expect(Set(fits.map(\.objective)).count == 1)
      let probabilities = try zip(fits, contexts).map { fit, context in
        try fit.model.probabilities(for: images.prefix(111), on: context) { _ in true }
      }
      #expect(Set(probabilities).count == 1)
    }
  }

  private let noisy = noisyImages(count: 120, featureCount: 7, classCount: 3)

  // MARK: Degenerate images

  @Test func classesWithoutImagesHaveProbabilityZero() throws {
    let images = LabeledImages(shape: noisy.shape, pixels: noisy.pixels, labels: noisy.labels.map { 2 * $0 + 1 })
    let sparse = try solve(images, classes: 9)
    let dense = try solve(noisy, classes: 3)
    #expect(sparse.objective == dense.objective)
    let probabilities = try sparse.model.probabilities(for: noisy, on: anyContext) { _ in true }
    let expected = try dense.model.probabilities(for: noisy, on: anyContext) { _ in true }
    for image in 0..<noisy.count {
      for label in 0..<9 {
        let own = probabilities[image * 9 + label]
        #expect(own == ([1, 3, 5].contains(label) ? expected[image * 3 + label / 2] : 0))
      }
    }
  }

  @Test(arguments: [1, 2, 16, 17]) func fitsDegenerateImages(classes: Int) throws {
    let labels = (0..<34).map { UInt8($0 % classes) }
    func constant(_ features: Int, _ count: Int) -> LabeledImages {
      rowImages(
        [[UInt8]](repeating: [UInt8](repeating: 77, count: features), count: count), labels: Array(labels.prefix(count))
      )
    }
    let random = randomImages(34, ImageShape(height: 3, width: 2, channels: 3), classes: classes)
    let one = random.prefix(1)
    let duplicates = random.selecting([Int](repeating: 0, count: 20) + [Int](repeating: 1, count: 14))
    for images in [constant(1, 1), constant(5, 34), one, duplicates, random] {
      for c in [1e-9, 1, 1e9] {
        let fit = try solve(images, classes: classes, c: c, iterations: 50)
        #expect(fit.objective.isFinite)
        let probabilities = try fit.model.probabilities(for: images, on: anyContext) { _ in true }
        for image in 0..<images.count {
          let row = probabilities[image * classes..<(image + 1) * classes]
          #expect(row.allSatisfy { $0 >= 0 && $0 <= 1 } && abs(row.reduce(0, +) - 1) < 1e-5)
        }
        #expect(
          try LinearModel(
            tensors: fit.model.tensors, settings: fit.model.settings, imageShape: images.shape, classCount: classes)
            == fit.model)
      }
    }
    // Images that do not differ have the frequencies of their classes as probabilities.
    let fit = try solve(constant(5, 34), classes: classes)
    let probabilities = try fit.model.probabilities(for: constant(5, 1), on: anyContext) { _ in true }
    for label in 0..<classes {
      let frequency = Double(labels.count { Int($0) == label }) / 34
      #expect(abs(Double(probabilities[label]) - frequency) < 1e-3)
    }
  }

  @Test func noImagesAreAnError() {
    let none = LabeledImages(shape: noisy.shape, pixels: [], labels: [])
    #expect(throws: ModelError.self) { try solve(none, classes: 3) }
  }

  @Test func imagesOfAnotherShapeAreAnError() throws {
    let model = try solve(noisy, classes: 3).model
    let shape = ImageShape(height: 1, width: 8, channels: 1)
    #expect(throws: ModelError.wrongShape(model: noisy.shape, images: shape)) {
      try model.probabilities(for: randomImages(2, shape, classes: 2), on: anyContext) { _ in true }
    }
  }

  // MARK: Settings, progress and cancellation

  @Test func settingsRoundTripAsText() throws {
    var settings = LinearSettings()
    try settings.check()
    (settings.inverseRegularization, settings.iterations, settings.tolerance) = (0.25, 7, 1e-3)
    #expect(try LinearSettings(settings.text) == settings)
    #expect(settings.text["inverse-regularization"] == "0.25")
    for (name, values) in [
      ("inverse-regularization", ["0", "-1", "nan", "inf", "1e99", ""]), ("iterations", ["0", "1.5", "1000001"]),
      ("tolerance", ["0", "2", "x"]),
    ] {
      for value in values { #expect(throws: ModelError.self, "\(name) \(value)") { try LinearSettings([name: value]) } }
    }
    settings.tolerance = .nan
    #expect(throws: ModelError.self) {
      try LinearModel.fit(noisy, classCount: 3, settings: settings, on: anyContext) { _ in true }
    }
  }

  @Test func reportsIterationsAndStopsAtLimit() throws {
    var settings = LinearSettings()
    (settings.iterations, settings.tolerance) = (6, 1e-9)
    var done: [FitProgress] = []
    let fit = try LinearModel.solve(noisy, classCount: 3, settings: settings, on: anyContext) {
      done.append($0)
      return true
    }
    #expect(fit.iterations == 6 && fit.slope > 1e-9)
    let losses = done.compactMap(\.loss)
    #expect(losses.count == 7 && losses == losses.sorted(by: >))
    #expect(done.allSatisfy { $0.total == 6 && $0.unit == .iterations } && done.last?.done == 6)
  }

  /// A solver that stops before the limit has converged, or rounding errors hide any further decrease.
  @Test func warnsOnlyAtTheLimitOfIterations() throws {
    var settings = LinearSettings()
    settings.iterations = 3
    let atLimit = try LinearModel.fit(noisy, classCount: 3, settings: settings, on: anyContext) { _ in true }
    #expect(LinearFamily.warning(about: atLimit, training: noisy, on: anyContext)?.contains("after 3 iter") == true)
    settings.iterations = 1000
    let before = try LinearModel(
      tensors: atLimit.tensors, settings: settings.text, imageShape: noisy.shape, classCount: 3)
    #expect(before.iterations == 3 && before.weights == atLimit.weights)
    #expect(LinearFamily.warning(about: before, training: noisy, on: anyContext) == nil)
  }

  @Test func isCancelledAtEveryReport() throws {
    let images = randomImages(64, ImageShape(height: 8, width: 8, channels: 1), classes: 3)
    var settings = LinearSettings()
    settings.iterations = 5
    settings.tolerance = 1e-9
    var total = 0
    _ = try LinearModel.fit(images, classCount: 3, settings: settings, on: anyContext) { _ in
      total += 1
      return true
    }
    #expect(total > 6)
    for limit in 0..<total {
      var calls = 0
      #expect(throws: CancellationError.self) {
        try LinearModel.fit(images, classCount: 3, settings: settings, on: anyContext) { _ in
          calls += 1
          return calls <= limit
        }
      }
      #expect(calls == limit + 1)
    }
    let model = try solve(images, classes: 3).model
    #expect(throws: CancellationError.self) { try model.probabilities(for: images, on: anyContext) { _ in false } }
  }

  @Test func estimatesMemory() {
    let settings = LinearSettings()
    func bytes(_ images: Int, _ size: Int, channels: Int = 1) -> Double {
      settings.memory(
        images: images, of: ImageShape(height: size, width: size, channels: channels), classCount: 10, threads: 2
      ).bytes
    }
    #expect(bytes(60_000, 28) < 200e6)
    // The matrix of 4096 features takes more memory than the vectors of 12,288.
    #expect(bytes(50_000, 64) > bytes(50_000, 64, channels: 3))
    #expect(bytes(1 << 24, 1 << 20, channels: 3).isFinite)
  }
}
