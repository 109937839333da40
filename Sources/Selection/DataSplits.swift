package import Datasets

/// How images are divided into those to learn from and those to be judged by: folds, or one part held out. Follows from the labels and a
/// seed, so that everybody who has the images comes to the same.
package enum DataSplits: Sendable, Equatable, Codable {
  case folds(Int)
  /// The fraction of each class that is held out.
  case holdOut(Double)

  package var count: Int { if case .folds(let count) = self { count } else { 1 } }

  /// - Parameter limit: keep no more training images than these, the same share of each class.
  package func split(
    _ index: Int, of images: LabeledImages, seed: UInt64, trainingLimit limit: Int? = nil
  ) -> (training: LabeledImages, test: LabeledImages) {
    let heldOut: [Int]
    switch self {
    case .folds(let count): heldOut = Split.folds(labels: images.labels, count: count, seed: seed)[index]
    case .holdOut(let fraction): heldOut = Split.holdOut(labels: images.labels, fraction: fraction, seed: seed).heldOut
    }
    var isHeldOut = [Bool](repeating: false, count: images.count)
    for image in heldOut { isHeldOut[image] = true }
    var training = images.selecting((0..<images.count).filter { !isHeldOut[$0] })
    if let limit, limit < training.count {
      let share = 1 - Double(limit) / Double(training.count)
      training = training.selecting(Split.holdOut(labels: training.labels, fraction: share, seed: seed).kept)
    }
    return (training, images.selecting(heldOut))
  }
}
