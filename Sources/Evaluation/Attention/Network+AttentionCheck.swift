package import Compute
package import Datasets
package import Models
package import Progress

extension Network {
  /// Removes or inserts pixels in the order of each method's maps and tracks the probability of a class of each image;
  /// returns one check per kind.
  /// - Parameters:
  ///   - maps: for each method, one map of the image's size per image, as returned by
  ///     ``Network/attentionMaps(_:of:block:labels:seed:on:progress:)``
  ///   - labels: the class to track in each image; nil for the predicted class
  ///   - steps: the number of equal parts of the pixels
  ///   - seed: of ROAD's noise, and of the order of equally important pixels
  /// - Throws: ``ModelError/badSettings(_:)`` if there are no images, no steps or no such classes, or if the images
  ///   have another shape; `CancellationError` if `progress` returns false.
  package func attentionChecks(
    _ kinds: [AttentionCheck.Kind], methods: [AttentionMethod], maps: [[AttentionMap]], of images: LabeledImages,
    labels: [UInt8]? = nil, steps: Int = 20, seed: UInt64 = 0, on context: ComputeContext,
    progress: (FitProgress) -> Bool = { _ in true }
  ) throws -> [AttentionCheck] {
    precondition(
      maps.count == methods.count && maps.allSatisfy { $0.count == images.count }, "one map per image and method")
    guard images.count > 0 else { throw ModelError.badSettings("there are no images to check attention maps on") }
    guard steps >= 1 else { throw ModelError.badSettings("invalid number of steps \(steps): expected at least 1") }
    try check(images.shape)
    let labels = try labels ?? predictions(for: images, on: context)
    guard labels.count == images.count, labels.allSatisfy({ Int($0) < classCount }) else {
      throw ModelError.badSettings("a check needs one of \(classCount) classes for each of the \(images.count) images")
    }
    let removal = PixelRemoval(self, images: images, seed: seed)
    let total = Self.imagesOfAttentionChecks(kinds, methods: methods, images: images.count, steps: steps)
    var done = 0
    /// Returns the images after a step.
    func changed(_ kind: AttentionCheck.Kind, _ orders: [[Int]], step: Int) -> LabeledImages {
      let count = images.shape.height * images.shape.width * step / steps
      let pixels = context.team.map(images.count) { image in
        removal.changed(image, by: kind, order: orders[image], count: count)
      }
      return LabeledImages(shape: images.shape, pixels: pixels.flatMap(\.self), labels: labels)
    }
    /// Returns the probability of each image's class.
    func probabilities(_ changed: LabeledImages) throws -> [Double] {
      let found = try self.probabilities(for: changed, on: context) { part in
        progress(FitProgress(done: done + part.done, total: total, unit: .images))
      }
      done += images.count
      return labels.enumerated().map { image, label in Double(found[image * classCount + Int(label)]) }
    }
    // The unchanged and the empty images, with which several kinds start or end.
    var known: [[UInt8]: [Double]] = [:]
    func probabilitiesAtEnd(_ changed: LabeledImages) throws -> [Double] {
      if let found = known[changed.pixels] {
        done += images.count
        return found
      }
      let found = try probabilities(changed)
      known[changed.pixels] = found
      return found
    }
    // By kind: all methods start and end with the same images, whatever the order of their pixels.
    var ends: [[[Double]]] = []
    var curves = [[AttentionCheck.Curve]](repeating: [], count: kinds.count)
    // The orders of one method at a time are in memory: eight bytes for each pixel.
    for (method, maps) in zip(methods, maps) {
      let orders = context.team.map(images.count) { removal.order(maps[$0], image: $0) }
      for (index, kind) in kinds.enumerated() {
        if index == ends.count {
          ends.append(try [0, steps].map { try probabilitiesAtEnd(changed(kind, orders, step: $0)) })
        }
        let between = try (1..<steps).map { try probabilities(changed(kind, orders, step: $0)) }
        let found = [ends[index][0]] + between + [ends[index][1]]
        curves[index].append(
          AttentionCheck.Curve(method, probabilities: images.labels.indices.map { image in found.map { $0[image] } }))
      }
    }
    let fractions = (0...steps).map { Double($0) / Double(steps) }
    return zip(kinds, curves).map {
      AttentionCheck(kind: $0, images: images.count, fractions: fractions, curves: $1)
    }
  }

  /// The number of images of which ``attentionChecks(_:methods:maps:of:labels:steps:seed:on:progress:)`` reports
  /// progress.
  static func imagesOfAttentionChecks(
    _ kinds: [AttentionCheck.Kind], methods: [AttentionMethod], images: Int, steps: Int
  ) -> Int {
    methods.isEmpty ? 0 : kinds.count * (2 + methods.count * (steps - 1)) * images
  }
}

extension ThreadTeam {
  /// Returns the results of `body` for all indices, in order.
  func map<Result>(_ count: Int, _ body: (_ index: Int) -> Result) -> [Result] {
    var results = [Result?](repeating: nil, count: count)
    results.withUnsafeMutableBufferPointer { results in
      forEach(count) { index, _ in results[index] = body(index) }
    }
    return results.map { $0! }
  }
}
