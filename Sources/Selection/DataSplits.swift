package import Datasets

/// The division of images into training and test images: folds, or one hold-out set. Labels and a seed determine it, so
/// every worker computes the same division.
package enum DataSplits: Sendable, Hashable, Codable {
  case folds(Int)
  /// The fraction of each class that is held out.
  case holdOut(Double)

  package var count: Int { if case .folds(let count) = self { count } else { 1 } }

  /// Whether the number is valid; it may come from another process.
  package var isPossible: Bool {
    switch self {
    case .folds(let count): 2...1_000 ~= count
    case .holdOut(let fraction): 0...1 ~= fraction
    }
  }

  /// Returns the training and test images of one split.
  /// - Parameter limit: the most images to divide, sampled with the same fraction of each class; nil: all
  package func split(
    _ index: Int, of images: LabeledImages, seed: UInt64, limit: Int? = nil
  ) -> (training: LabeledImages, test: LabeledImages) {
    let used = Self.indices(of: images, atMost: limit, seed: seed)
    let labels = used.map { images.labels[$0] }
    let heldOut: [Int]
    switch self {
    case .folds(let count): heldOut = Split.folds(labels: labels, count: count, seed: seed)[index]
    case .holdOut(let fraction): heldOut = Split.holdOut(labels: labels, fraction: fraction, seed: seed).heldOut
    }
    var isHeldOut = [Bool](repeating: false, count: used.count)
    for place in heldOut { isHeldOut[place] = true }
    let training = used.indices.filter { !isHeldOut[$0] }
    return (images.selecting(training.map { used[$0] }), images.selecting(heldOut.map { used[$0] }))
  }

  /// Returns the images that ``split(_:of:seed:limit:)`` divides. Dividing them without a limit gives the same result,
  /// so a worker needs only these.
  package static func part(of images: LabeledImages, atMost limit: Int?, seed: UInt64) -> LabeledImages {
    let used = indices(of: images, atMost: limit, seed: seed)
    return used.count < images.count ? images.selecting(used) : images
  }

  private static func indices(of images: LabeledImages, atMost limit: Int?, seed: UInt64) -> [Int] {
    guard let limit, limit < images.count else { return Array(0..<images.count) }
    let fraction = 1 - Double(limit) / Double(images.count)
    return Split.holdOut(labels: images.labels, fraction: fraction, seed: seed).kept
  }
}
