import Compute
import Datasets
import Models
import Testing

@Suite struct NearestNeighborsTests {
  private let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)

  private func settings(
    _ neighbors: Int, _ metric: DistanceMetric = .euclidean, _ weights: Weighting = .uniform, components: Int? = nil,
    whitening: Double = 0
  ) -> NeighborsSettings {
    var settings = NeighborsSettings()
    (settings.neighbors, settings.metric, settings.weights) = (neighbors, metric, weights)
    (settings.components, settings.whitening) = (components, whitening)
    return settings
  }

  private func fit(_ images: LabeledImages, classes: Int, _ settings: NeighborsSettings) throws -> NearestNeighbors {
    try NearestNeighbors.fit(images, classCount: classes, settings: settings, on: context, progress: { _ in true })
  }

  private func distance(_ metric: DistanceMetric, _ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Double {
    let pairs = zip(a, b).map { (Int($0), Int($1)) }
    switch metric {
    case .euclidean: return Double(pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }).squareRoot()
    case .manhattan: return Double(pairs.reduce(0) { $0 + abs($1.0 - $1.1) })
    case .cosine:
      func norm(_ values: some Sequence<Int>) -> Double { Double(values.reduce(0) { $0 + $1 * $1 }).squareRoot() }
      let norms = norm(pairs.map(\.0)) * norm(pairs.map(\.1))
      return norms == 0 ? 1 : 1 - Double(pairs.reduce(0) { $0 + $1.0 * $1.1 }) / norms
    }
  }

  /// Images have few pixels of few levels, so that there are many ties; sizes are around the tiles of 16 rows.
  @Test(arguments: DistanceMetric.allCases, [1, 2, 15, 16, 17, 33, 100])
  func matchesBruteForce(metric: DistanceMetric, rows: Int) throws {
    for shape in [
      ImageShape(height: 1, width: 1, channels: 1), .init(height: 3, width: 3, channels: 1),
      .init(height: 2, width: 2, channels: 3),
    ] {
      func coarse(_ count: Int, _ key: UInt32) -> LabeledImages {
        let images = randomImages(count, shape, classes: 3, key: key)
        return LabeledImages(shape: shape, pixels: images.pixels.map { $0 / 64 * 85 }, labels: images.labels)
      }
      let (training, queries) = (coarse(rows, 1), coarse(29, 2))
      let model = try fit(training, classes: 3, settings(1, metric))
      let k = min(rows, 7)
      let found = try model.nearest(k, to: queries, on: context, progress: { _ in true })
      for query in 0..<queries.count {
        func pixels(_ images: LabeledImages, _ index: Int) -> ArraySlice<UInt8> {
          images.pixels[index * shape.count..<(index + 1) * shape.count]
        }
        let distances = (0..<rows).map { distance(metric, pixels(training, $0), pixels(queries, query)) }
        if metric == .cosine {
          // Distances are rounded, so equal directions may differ in the last bits: compare the distances, not the
          // rows.
          let expected = distances.sorted().prefix(k)
          #expect(zip(found[query], expected).allSatisfy { abs($0.distance - $1) < 1e-12 })
        } else {
          let order = (0..<rows).sorted { (distances[$0], $0) < (distances[$1], $1) }
          #expect(found[query] == order.prefix(k).map { Neighbor(row: $0, distance: distances[$0]) })
        }
      }
    }
  }

  @Test func votesAreUniformOrByInverseDistance() throws {
    let shape = ImageShape(height: 1, width: 1, channels: 1)
    let training = LabeledImages(shape: shape, pixels: [10, 12, 20, 20], labels: [0, 1, 1, 2])
    func probabilities(_ pixel: UInt8, _ weights: Weighting, _ neighbors: Int) throws -> [Float] {
      try fit(training, classes: 3, settings(neighbors, .euclidean, weights)).probabilities(
        for: LabeledImages(shape: shape, pixels: [pixel], labels: [0]), on: context, progress: { _ in true })
    }
    #expect(try probabilities(11, .uniform, 2) == [0.5, 0.5, 0])
    #expect(try probabilities(10, .uniform, 4) == [0.25, 0.5, 0.25])
    #expect(try probabilities(20, .distance, 4) == [0, 0.5, 0.5])
    // 1/4 for class 0 against 1/2 for class 1.
    #expect(try probabilities(14, .distance, 2) == [1.0 / 3, 2.0 / 3, 0])
  }

  /// The distance between a black and a white color image of 512 x 512 pixels exceeds the range of a 32-bit lane.
  @Test func largestImagesDoNotOverflow() throws {
    let shape = ImageShape(height: 512, width: 512, channels: 3)
    let training = LabeledImages(
      shape: shape, pixels: [UInt8](repeating: 0, count: shape.count) + [UInt8](repeating: 255, count: shape.count),
      labels: [0, 1])
    let black = training.prefix(1)
    for (metric, expected) in [
      (DistanceMetric.euclidean, 255 * Double(shape.count).squareRoot()), (.manhattan, 255 * Double(shape.count)),
    ] {
      let found = try fit(training, classes: 2, settings(2, metric)).nearest(
        2, to: black, on: context, progress: { _ in true })
      #expect(found[0].map(\.row) == [0, 1])
      #expect(found[0][0].distance == 0 && abs(found[0][1].distance - expected) < 1e-6)
    }
  }

  // MARK: Principal components

  @Test func componentsAreEigenvectorsOfCovariance() throws {
    let shape = ImageShape(height: 5, width: 3, channels: 1)
    // Correlated pixels: each is the mean of random ones before it.
    let random = randomImages(400, shape, classes: 2)
    var pixels = random.pixels
    for place in 2..<pixels.count { pixels[place] = UInt8((Int(pixels[place]) + 2 * Int(pixels[place - 2])) / 3) }
    let images = LabeledImages(shape: shape, pixels: pixels, labels: random.labels)
    let model = try fit(images, classes: 2, settings(1, components: 15))
    func values<Element: TensorElement>(_ name: String) -> [Element] {
      model.tensors.first { $0.name == "components.\(name)" }!.elements()!
    }
    let (directions, variances, mean): ([Float], [Double], [Float]) = (
      values("directions"), values("variances"), values("mean")
    )
    let centered = (0..<400).map { image in (0..<15).map { Double(pixels[image * 15 + $0]) - Double(mean[$0]) } }
    let covariance = (0..<15).map { i in
      (0..<15).map { j in centered.reduce(0) { $0 + $1[i] * $1[j] } / 399 }
    }
    #expect(variances == variances.sorted(by: >))
    let trace = (0..<15).reduce(0) { $0 + covariance[$1][$1] }
    #expect(abs(variances.reduce(0, +) - trace) < 1e-4 * trace)
    for component in 0..<15 {
      let vector = directions[component * 15..<(component + 1) * 15].map { Double($0) }
      #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
      for i in 0..<15 {
        let product = (0..<15).reduce(0) { $0 + covariance[i][$1] * vector[$1] }
        #expect(abs(product - variances[component] * vector[i]) < 1e-4 * variances[0])
      }
    }
    // All components without whitening are a rotation, which keeps distances, up to rounding.
    let plain = try fit(images, classes: 2, settings(1)).nearest(
      3, to: images.prefix(50), on: context, progress: { _ in true })
    let turned = try model.nearest(3, to: images.prefix(50), on: context, progress: { _ in true })
    for (a, b) in zip(plain, turned) {
      #expect(zip(a, b).allSatisfy { abs($0.distance - $1.distance) < 0.05 })
    }
  }

  @Test func whiteningEqualizesVariances() throws {
    let images = randomImages(300, ImageShape(height: 4, width: 2, channels: 1), classes: 2)
    let model = try fit(images, classes: 2, settings(1, components: 8, whitening: 1))
    let directions: [Float] = model.tensors.first { $0.name == "components.directions" }!.elements()!
    let variances: [Double] = model.tensors.first { $0.name == "components.variances" }!.elements()!
    for component in 0..<8 {
      let length = directions[component * 8..<(component + 1) * 8].reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(abs(length * variances[component] - 1) < 1e-5)
    }
  }

  // MARK: Fashion-MNIST

  /// scikit-learn's KNeighborsClassifier(7) and the exact index of FAISS classify 8540 of the 10000 test images
  /// correctly.
  @Test func accuracyOnFashionMNISTEqualsExactSearch() throws {
    let data = try Dataset.load(environment: [:])
    let predictions = try fit(data.train, classes: 10, settings(7)).predictions(for: data.test, on: context)
    #expect(zip(predictions, data.test.labels).count { $0 == $1 } == 8540)
  }

  @Test func digestsAndPredictionsAreIndependentOfThreadCountAndInstructionSet() throws {
    let data = try Dataset.load(environment: [:])
    let (training, queries) = (data.train.prefix(3000), data.test.prefix(300))
    for settings in [
      settings(7), settings(7, .manhattan), settings(7, .cosine, .distance),
      settings(7, components: 20, whitening: 0.5),
    ] {
      var results: Set<[Float]> = []
      var digests: Set<String> = []
      for set in InstructionSet.available {
        for threads in set == .portable ? [2] : [1, 2, 3] {
          let context = ComputeContext(threads: threads, instructionSet: set)
          let model = try NearestNeighbors.fit(
            training, classCount: 10, settings: settings, on: context, progress: { _ in true })
          results.insert(try model.probabilities(for: queries, on: context, progress: { _ in true }))
          digests.insert(model.digest)
        }
      }
      #expect(results.count == 1 && digests.count == 1)
    }
  }

  @Test func isRebuiltFromTensorsAndRejectsDamage() throws {
    let images = randomImages(40, ImageShape(height: 4, width: 4, channels: 1), classes: 3)
    let model = try fit(images, classes: 3, settings(3, components: 5, whitening: 0.5))
    func rebuild(_ tensors: [Tensor], _ settings: [String: String]? = nil) throws -> NearestNeighbors {
      try NearestNeighbors(
        tensors: tensors, settings: settings ?? model.settings, imageShape: images.shape, classCount: 3)
    }
    let probe = images.prefix(10)
    #expect(
      try rebuild(model.tensors).probabilities(for: probe, on: context, progress: { _ in true })
        == model.probabilities(for: probe, on: context, progress: { _ in true }))
    for tensor in model.tensors {
      let others = model.tensors.filter { $0.name != tensor.name }
      #expect(throws: ModelError.self) { try rebuild(others) }
      let cut = Tensor(
        name: tensor.name, shape: [tensor.shape[0] - 1] + tensor.shape.dropFirst(), elementType: tensor.elementType,
        bytes: Array(tensor.bytes.dropLast(tensor.bytes.count / tensor.shape[0])))
      #expect(throws: ModelError.self) { try rebuild(others + [cut]) }
    }
    let labels = Tensor(name: "labels", shape: [40], [UInt8](repeating: 3, count: 40))
    #expect(throws: ModelError.self) { try rebuild(model.tensors.filter { $0.name != "labels" } + [labels]) }
    for (name, value) in [("neighbors", "41"), ("metric", "x"), ("components", "17"), ("whitening", "-1")] {
      #expect(throws: ModelError.self) { try rebuild(model.tensors, model.settings.merging([name: value]) { $1 }) }
    }
  }

  @Test func rejectsInvalidSettings() {
    let images = randomImages(5, ImageShape(height: 2, width: 2, channels: 1), classes: 2)
    for bad in [
      settings(0), settings(6), settings(1, components: 5), settings(1, components: 0), settings(1, whitening: 1),
    ] {
      #expect(throws: ModelError.self) { try fit(images, classes: 2, bad) }
    }
  }
}
