package import Compute
package import Datasets
package import Models
package import Progress

extension Network {
  /// Removes or inserts pixels in the order of each method's maps and tracks the probability of a class of each image.
  /// - Parameters:
  ///   - maps: for each method, one map of the image's size per image, as returned by
  ///     ``Network/attentionMaps(_:of:block:labels:seed:on:progress:)``
  ///   - labels: the class to track in each image; nil for the predicted class
  ///   - steps: the number of equal parts of the pixels
  ///   - seed: of ROAD's noise, and of the order of equally important pixels
  /// - Throws: ``ModelError/badSettings(_:)`` if there are no images, no steps or no such classes, or if the images
  ///   have another shape; `CancellationError` if `progress` returns false.
  package func attentionCheck(
    _ kind: AttentionCheck.Kind, methods: [AttentionMethod], maps: [[AttentionMap]], of images: LabeledImages,
    labels: [UInt8]? = nil, steps: Int = 20, seed: UInt64 = 0, on context: ComputeContext,
    progress: (FitProgress) -> Bool = { _ in true }
  ) throws -> AttentionCheck {
    precondition(
      maps.count == methods.count && maps.allSatisfy { $0.count == images.count }, "one map per image and method")
    guard images.count > 0 else { throw ModelError.badSettings("there are no images to check attention maps on") }
    guard steps >= 1 else { throw ModelError.badSettings("invalid number of steps \(steps): expected at least 1") }
    let labels = try labels ?? predictions(for: images, on: context)
    guard labels.count == images.count, labels.allSatisfy({ Int($0) < classCount }) else {
      throw ModelError.badSettings("a check needs one of \(classCount) classes for each of the \(images.count) images")
    }
    let removal = PixelRemoval(self, seed: seed)
    let total = methods.count * (steps + 1) * images.count
    var done = 0
    var curves: [AttentionCheck.Curve] = []
    for (method, maps) in zip(methods, maps) {
      let orders = context.team.map(images.count) { removal.order(maps[$0], image: $0) }
      var probabilities = [[Double]](repeating: [], count: images.count)
      for step in 0...steps {
        let count = images.shape.height * images.shape.width * step / steps
        let pixels = context.team.map(images.count) { image in
          removal.changed(
            images.pixels[image * images.shape.count..<(image + 1) * images.shape.count], by: kind,
            order: orders[image], count: count, image: image)
        }
        let changed = LabeledImages(shape: images.shape, pixels: pixels.flatMap(\.self), labels: labels)
        let found = try self.probabilities(for: changed, on: context) { part in
          progress(FitProgress(done: done + part.done, total: total, unit: .images))
        }
        done += images.count
        for (image, label) in labels.enumerated() {
          probabilities[image].append(Double(found[image * classCount + Int(label)]))
        }
      }
      curves.append(AttentionCheck.Curve(method, probabilities: probabilities))
    }
    return AttentionCheck(
      kind: kind, images: images.count, fractions: (0...steps).map { Double($0) / Double(steps) }, curves: curves)
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
