package import Datasets

/// How images are divided into those to learn from and those to be judged by: folds, or one part held out. Follows from the labels and a
/// seed, so that everybody who has the images comes to the same.
package enum DataSplits: Sendable, Hashable, Codable {
  case folds(Int)
  /// The fraction of each class that is held out.
  case holdOut(Double)

  package var count: Int { if case .folds(let count) = self { count } else { 1 } }

  /// False for numbers that may come from outside and make no sense.
  package var isPossible: Bool {
    switch self {
    case .folds(let count): 2...1_000 ~= count
    case .holdOut(let fraction): 0...1 ~= fraction
    }
  }

  /// - Parameter limit: divide no more images than these, the same share of each class.
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

  /// What ``split(_:of:seed:limit:)`` divides. To divide this part without a limit comes to the same, so no one need have the rest.
  package static func part(of images: LabeledImages, atMost limit: Int?, seed: UInt64) -> LabeledImages {
    let used = indices(of: images, atMost: limit, seed: seed)
    return used.count < images.count ? images.selecting(used) : images
  }

  private static func indices(of images: LabeledImages, atMost limit: Int?, seed: UInt64) -> [Int] {
    guard let limit, limit < images.count else { return Array(0..<images.count) }
    let share = 1 - Double(limit) / Double(images.count)
    return Split.holdOut(labels: images.labels, fraction: share, seed: seed).kept
  }
}
