internal import Compute

extension Dataset {
  /// SHA-256 over shape, counts, class names, and the pixels and labels of both sets.
  package var digest: String {
    var digest = Digest()
    digest.update("\(shape.height) \(shape.width) \(shape.channels) \(train.count) \(test.count) \(classCount)\n")
    // Unambiguous: names contain no line feed, and the counts determine where each part ends.
    for name in classNames { digest.update("\(name)\n") }
    for set in [train, test] {
      set.pixels.withUnsafeBytes { digest.update($0) }
      set.labels.withUnsafeBytes { digest.update($0) }
    }
    return digest.finalize()
  }
}
