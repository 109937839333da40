internal import Compute
internal import Datasets

/// The last division of a worker's images into those that a fit trains with and those that it is evaluated on. The next
/// fit, of the same job or the next one, often uses the same.
final class LastDivision {
  private var last: (images: SHA256, division: ImageDivision, training: LabeledImages, test: LabeledImages)?

  /// Returns the parts of the images.
  /// - Parameter name: identifies the images
  func divide(
    _ images: LabeledImages, named name: SHA256, by division: ImageDivision
  ) -> (training: LabeledImages, test: LabeledImages) {
    if let last, last.images == name, last.division == division { return (last.training, last.test) }
    last = nil
    let (training, test) = division.divide(images)
    last = (name, division, training, test)
    return (training, test)
  }

  /// Releases the last division unless it is of these images.
  func keep(_ name: SHA256) {
    if last?.images != name { last = nil }
  }
}
