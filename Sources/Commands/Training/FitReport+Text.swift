internal import Pipeline
internal import Text

extension FitReport {
  /// The results as a table.
  var text: String {
    var table = TextTable([.left, .left])
    table.add(["model", file])
    table.add(["accuracy", "\(formatted(testAccuracy, digits: 4)) on \(counted(testImages, "test image"))"])
    if let outOfBagAccuracy {
      table.add(["out of bag", "\(formatted(outOfBagAccuracy, digits: 4)) on the training images"])
    }
    table.add(["seconds", "\(formatted(fitSeconds, digits: 1)) to fit, \(formatted(testSeconds, digits: 1)) to test"])
    table.add(["digest", digest])
    return table.text
  }
}
