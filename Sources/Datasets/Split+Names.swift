internal import Compute

extension Split {
  /// Chooses the test images of one class by their names.
  ///
  /// An image is a test image if the SHA-256 of the seed and its name, as a number from 0 to 1, is less than
  /// `fraction`. So other images that are added or removed do not move it between the training set and the test set.
  /// The exception are small classes: of two or more images, at least one is a test image and one a training image.
  /// - Parameters:
  ///   - names: different byte strings
  ///   - fraction: more than 0, and less than 1
  /// - Returns: for each name, whether it is in the test set
  static func isTest(_ names: [[UInt8]], fraction: Double, seed: UInt64) -> [Bool] {
    precondition(fraction > 0 && fraction < 1, "the fraction must be between 0 and 1")
    let places = names.map { place(of: $0, seed) }
    var isTest = places.map { Double($0 >> 11) * 0x1p-53 < fraction }
    guard names.count > 1 else { return names.map { _ in false } }
    if !isTest.contains(true) { isTest[places.indices.min { places[$0] < places[$1] }!] = true }
    if !isTest.contains(false) { isTest[places.indices.max { places[$0] < places[$1] }!] = false }
    return isTest
  }

  /// Returns a number that is uniform over all names.
  private static func place(of name: [UInt8], _ seed: UInt64) -> UInt64 {
    var digest = Digest()
    digest.update("\(seed)\n")
    name.withUnsafeBytes { digest.update($0) }
    return digest.finalizeBytes().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
