import Compute
import Datasets
import Evaluation
import Foundation
import Models
import Progress
import Testing

/// A network with known behavior: its channel is active at pixels brighter than 160, and class 0 is the sum over the
/// windows that it uses.
private struct BrightPixels {
  let network: Network
  let shape = ImageShape(height: 12, width: 12, channels: 1)
  static let mean: Float = 75
  static let deviation: Float = 60

  init(looksAt windows: (_ y: Int, _ x: Int) -> Bool) throws {
    var settings = NetworkSettings()
    (settings.filters, settings.dense, settings.kernel, settings.batchNorm) = ([1], [], 1, false)
    let weights = (0..<36).map { windows($0 / 6, $0 % 6) ? Float(1) : 0 } + [Float](repeating: 0, count: 36)
    network = try Network(
      tensors: [
        Tensor(name: "block1.weight", shape: [1, 1, 1, 1], [Float(1)]),
        Tensor(name: "block1.bias", shape: [1], [(Self.mean - 160) / Self.deviation]),
        Tensor(name: "output.weight", shape: [2, 36], weights),
        Tensor(name: "output.bias", shape: [2], [Float(0), 3.2]),
        Tensor(name: "input.mean", shape: [1], [Self.mean]),
        Tensor(name: "input.deviation", shape: [1], [Self.deviation]),
      ], settings: settings.text, imageShape: shape, classCount: 2)
  }

  /// Noise below the activation threshold, with bright pixels.
  func images(_ count: Int, bright: [(y: Int, x: Int)]) -> LabeledImages {
    let dark = noise(count, shape, largest: 150)
    var pixels = dark.pixels
    for image in 0..<count {
      for place in bright { pixels[image * shape.count + place.y * shape.width + place.x] = 255 }
    }
    return LabeledImages(shape: shape, pixels: pixels, labels: dark.labels)
  }

  static let corner = [(0, 0), (0, 2), (2, 0), (2, 2)].map { (y: $0.0, x: $0.1) }
  static let oppositeCorner = corner.map { (y: $0.y + 8, x: $0.x + 8) }
}

@Suite struct AttentionCheckTests {
  private let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)

  private func areas(
    _ kind: AttentionCheck.Kind, _ network: Network, _ methods: [AttentionMethod], _ images: LabeledImages
  ) throws -> [AttentionMethod: AttentionCheck.Curve] {
    let maps = try network.attentionMaps(methods, of: images, block: 1, on: context)
    let check = try network.attentionChecks(
      [kind], methods: methods, maps: maps, of: images, steps: 12, on: context)[0]
    #expect(check.images == images.count && check.curves.map(\.method) == methods)
    return Dictionary(uniqueKeysWithValues: check.curves.map { ($0.method, $0) })
  }

  /// The network uses only one corner, and all methods can find it: nothing else is bright.
  @Test(arguments: AttentionCheck.Kind.allCases) func modelBasedMapsBeatBaselines(
    kind: AttentionCheck.Kind
  ) throws {
    let bright = try BrightPixels { $0 < 2 && $1 < 2 }
    let images = bright.images(20, bright: BrightPixels.corner)
    let curves = try areas(kind, bright.network, AttentionMethod.allCases, images)
    for method in AttentionMethod.modelBased {
      for baseline in AttentionMethod.allCases where baseline.isBaseline {
        let (own, other) = (curves[method]!, curves[baseline]!)
        let gain = kind.lowerIsBetter ? other.area - own.area : own.area - other.area
        #expect(gain > 0.1 && gain > 4 * (own.areaError! + other.areaError!), "\(method) against \(baseline)")
      }
    }
  }

  /// Grad-CAM weights a channel as a whole, HiResCAM each position: only HiResCAM finds which of two equal corners is
  /// used.
  @Test func hiResCAMDistinguishesTwoEqualCorners() throws {
    let bright = try BrightPixels { $0 < 2 && $1 < 2 }
    let images = bright.images(4, bright: BrightPixels.corner + BrightPixels.oppositeCorner)
    let maps = try bright.network.attentionMaps([.gradCAM, .hiResCAM], of: images, block: 1, on: context)
    func lit(_ map: AttentionMap) -> [Int] { map.values.indices.filter { map.values[$0] > 0 } }
    func places(_ places: [(y: Int, x: Int)]) -> [Int] { places.map { $0.y * 12 + $0.x } }
    for image in 0..<4 {
      #expect(lit(maps[0][image]) == places(BrightPixels.corner + BrightPixels.oppositeCorner))
      #expect(lit(maps[1][image]) == places(BrightPixels.corner))
    }
  }

  /// Compares the curves with the model's predictions for manually changed images.
  @Test func curvesAreProbabilitiesOfTheChangedImages() throws {
    let bright = try BrightPixels { _, _ in true }
    let images = bright.images(1, bright: BrightPixels.corner)
    // All pixels differ in importance, which increases toward the last pixel.
    let map = AttentionMap(height: 12, width: 12, values: (0..<144).map { Float($0) })
    for kind in [AttentionCheck.Kind.deletion, .insertion] {
      let check = try bright.network.attentionChecks(
        [kind], methods: [.sobel], maps: [[map]], of: images, labels: [0], steps: 5, on: context)[0]
      let expected = try [0, 28, 57, 86, 115, 144].map { count in
        var pixels = images.pixels
        for pixel in 0..<144 where (pixel >= 144 - count) == (kind == .deletion) { pixels[pixel] = 75 }
        let changed = LabeledImages(shape: bright.shape, pixels: pixels, labels: [0])
        return Double(try bright.network.probabilities(for: changed, on: context, progress: { _ in true })[0])
      }
      #expect(check.curves[0].probabilities == expected)
      #expect(check.fractions == [0, 0.2, 0.4, 0.6, 0.8, 1])
      let area = (expected[0] / 2 + expected[1] + expected[2] + expected[3] + expected[4] + expected[5] / 2) / 5
      #expect(abs(check.curves[0].area - area) < 1e-12 && check.curves[0].areaError == nil)
    }
  }

  @Test func deletionEndsWhereInsertionStarts() throws {
    let bright = try BrightPixels { _, _ in true }
    let images = bright.images(3, bright: BrightPixels.corner)
    let deletion = try areas(.deletion, bright.network, [.random], images)[.random]!.probabilities
    let insertion = try areas(.insertion, bright.network, [.random], images)[.random]!.probabilities
    let road = try areas(.road, bright.network, [.random], images)[.random]!.probabilities
    #expect(deletion.first == insertion.last && deletion.last == insertion.first && deletion.first == road.first)
    #expect(deletion.first! > 0.9 && deletion.last! < 0.1)
  }

  @Test func curvesAreIndependentOfThreadCount() throws {
    let bright = try BrightPixels { $0 < 3 && $1 < 4 }
    let images = bright.images(9, bright: BrightPixels.corner)
    let maps = try bright.network.attentionMaps([.hiResCAM, .random], of: images, block: 1, on: context)
    let checks = try [1, 2, 3].map { threads in
      try bright.network.attentionChecks(
        AttentionCheck.Kind.allCases, methods: [.hiResCAM, .random], maps: maps, of: images, steps: 4,
        on: ComputeContext(threads: threads, instructionSet: InstructionSet.available.max()!))
    }
    #expect(checks[0] == checks[1] && checks[0] == checks[2])
    #expect(try JSONDecoder().decode([AttentionCheck].self, from: JSONEncoder().encode(checks[0])) == checks[0])
  }

  /// Kinds and methods share the images that they start and end with.
  @Test func kindsAndMethodsCheckedTogetherEqualThoseCheckedAlone() throws {
    let bright = try BrightPixels { $0 < 3 && $1 < 4 }
    let images = bright.images(5, bright: BrightPixels.corner)
    let methods = AttentionMethod.allCases
    let maps = try bright.network.attentionMaps(methods, of: images, block: 1, on: context)
    for steps in [1, 2, 5] {
      var reports: [FitProgress] = []
      let together = try bright.network.attentionChecks(
        AttentionCheck.Kind.allCases, methods: methods, maps: maps, of: images, steps: steps, on: context
      ) {
        reports.append($0)
        return true
      }
      #expect(reports.last.map(\.done) == reports.last?.total)
      for check in together {
        for (method, curve) in check.curves.enumerated() {
          let alone = try bright.network.attentionChecks(
            [check.kind], methods: [methods[method]], maps: [maps[method]], of: images, steps: steps, on: context)
          #expect(alone[0].curves == [curve] && curve.probabilities.count == steps + 1)
        }
      }
    }
  }

  /// The smallest images have a single feature cell, or pixels without neighbors.
  @Test(arguments: [(2, 2, 1), (2, 9, 3), (13, 2, 1)]) func checksImagesOfAnyShape(
    height: Int, width: Int, channels: Int
  )
    throws
  {
    let images = noise(2, ImageShape(height: height, width: width, channels: channels))
    var settings = NetworkSettings()
    (settings.filters, settings.dense) = ([4], [])
    let plan = try NetworkPlan(settings.layers, input: images.shape, classCount: 3)
    let network = Network(
      settings, plan: plan, parameters: plan.initialParameters(seed: 1),
      normalization: InputNormalization(measuring: images))
    for kind in AttentionCheck.Kind.allCases {
      let curve = try areas(kind, network, [.gradCAM], images)[.gradCAM]!
      #expect(curve.probabilities.allSatisfy { 0...1 ~= $0 } && 0...1 ~= curve.area)
    }
    #expect(LinearImputation(height: 1, width: 1, removed: [true]).fill([7]) == [0])
  }

  @Test func rejectsInvalidChecks() throws {
    let bright = try BrightPixels { _, _ in true }
    let images = bright.images(2, bright: [])
    let maps = try bright.network.attentionMaps([.sobel], of: images, block: 1, on: context)
    func refuse(_ maps: [[AttentionMap]], _ images: LabeledImages, labels: [UInt8]? = nil, steps: Int = 2) {
      #expect(throws: ModelError.self) {
        try bright.network.attentionChecks(
          [.road], methods: [.sobel], maps: maps, of: images, labels: labels, steps: steps, on: context)
      }
    }
    refuse(maps, images, steps: 0)
    refuse(maps, images, labels: [0])
    refuse(maps, images, labels: [0, 2])
    refuse([[]], images.prefix(0))
    #expect(throws: ModelError.self) {
      try bright.network.randomizationCheck([.sobel], of: images.prefix(0), block: 1, on: context)
    }
    #expect(throws: CancellationError.self) {
      try bright.network.attentionChecks(
        [.deletion], methods: [.sobel], maps: maps, of: images, on: context, progress: { _ in false })
    }
  }
}

@Suite struct RandomizationCheckTests {
  private let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)

  /// Filled squares and crosses at random positions in noise.
  private func shapes(_ count: Int) -> LabeledImages {
    let dark = noise(count, ImageShape(height: 12, width: 12, channels: 1), largest: 100)
    var pixels = dark.pixels
    for image in 0..<count {
      let place = Philox.words(seed: 3, .test, 2, UInt32(image))
      let (top, left) = (Int(place.x % 8), Int(place.y % 8))
      for y in 0..<5 {
        for x in 0..<5 where image % 2 == 0 || x == 2 || y == 2 {
          pixels[image * 144 + (top + y) * 12 + left + x] = 220
        }
      }
    }
    return LabeledImages(shape: dark.shape, pixels: pixels, labels: (0..<count).map { UInt8($0 % 2) })
  }

  @Test func randomWeightsChangeModelBasedMapsOnly() throws {
    var settings = NetworkSettings()
    (settings.filters, settings.dense, settings.epochs, settings.batch) = ([8, 8], [8], 8, 32)
    (settings.shards, settings.weightAverage) = (2, 0)
    let images = shapes(600)
    let network = try Network.fit(
      images, classCount: 2, settings: settings, on: context, progress: { _ in true })
    let hits = zip(try network.predictions(for: images, on: context), images.labels).count { $0 == $1 }
    #expect(hits > 540, "the network has learned something")
    let checks = try network.randomizationCheck(
      AttentionMethod.allCases, of: images.prefix(40), block: 1, on: context)
    #expect(checks.map(\.method) == AttentionMethod.allCases)
    for check in checks {
      #expect(
        check.stages.map(\.layers) == [
          ["output"], ["output", "dense1"], ["output", "dense1", "block2"], ["output", "dense1", "block2", "block1"],
        ])
      for stage in check.stages {
        if check.method.isBaseline {
          #expect(abs(stage.correlation - 1) < 1e-12)
        } else {
          // Grad-CAM++ has no negative weights, so until the block itself is random, its maps follow the activations.
          let most = check.method == .gradCAMPlusPlus && !stage.layers.contains("block1") ? 0.99 : 0.9
          #expect(stage.correlation < most && stage.correlationError! < 0.1, "\(check.method) \(stage.layers)")
        }
      }
    }
    #expect(try JSONDecoder().decode([RandomizationCheck].self, from: JSONEncoder().encode(checks)) == checks)
  }

  @Test func constantMapsHaveZeroCorrelation() {
    let flat = AttentionMap(height: 1, width: 3, values: [2, 2, 2])
    let rising = AttentionMap(height: 1, width: 3, values: [0, 1, 7])
    #expect(flat.rankCorrelation(with: rising) == 0 && flat.rankCorrelation(with: flat) == 0)
    #expect(rising.rankCorrelation(with: rising) == 1)
    #expect(rising.rankCorrelation(with: AttentionMap(height: 1, width: 3, values: [7, 1, 0])) == -1)
  }
}
