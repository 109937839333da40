internal import Text

extension DataSplits {
  /// Returns warnings about classes that are too small to be divided, each with its number of images.
  ///
  /// - Parameter labels: of the images to be divided; each has a name
  package func warnings(of labels: [UInt8], classNames: [String]) -> [String] {
    var counts = [Int](repeating: 0, count: classNames.count)
    for label in labels { counts[Int(label)] += 1 }
    let small = counts.indices.filter { counts[$0] > 0 && isTooSmall(counts[$0]) }
    guard !small.isEmpty else { return [] }
    let list =
      small.prefix(Self.mostNamed).map { "\(classNames[$0]) (\(counted(counts[$0], "image")))" }.joined(separator: ", ")
      + (small.count > Self.mostNamed ? " and \(small.count - Self.mostNamed) more" : "")
    switch self {
    case .folds(let count):
      return ["classes with fewer training images than the \(count) folds, missing from some test folds: \(list)"]
    case .holdOut(let fraction):
      return ["classes too small for a hold-out fraction of \(fraction), so none of their images is held out: \(list)"]
    }
  }

  private static let mostNamed = 10

  private func isTooSmall(_ count: Int) -> Bool {
    switch self {
    case .folds(let folds): count < folds
    case .holdOut(let fraction): min(Int((Double(count) * fraction).rounded()), count - 1) == 0
    }
  }
}
