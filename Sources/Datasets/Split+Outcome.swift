internal import Text

extension Split {
  /// What becomes of the images of a data set without a test set.
  struct Outcome {
    /// For each image, whether it is a test image.
    let isTest: [Bool]
    /// Whether a part of the images is the test set; else all images are.
    let isSplit: Bool
    /// The sentence for the notes of the data set.
    let note: String
  }

  /// Decides what becomes of the images of a data set without a test set.
  ///
  /// Some images of each class are test images, by ``isTest(_:fraction:seed:)``. Images that cannot train a model,
  /// because they have one class or no class has two of them, are all test images if they are only evaluated.
  /// - Parameters:
  ///   - labels: of all images; not empty
  ///   - path: the place for errors
  ///   - verb: what this place does to images in errors: "holds", or "names"
  ///   - anotherClass: what to add if there is one class
  ///   - basis: what `key` is in the note, such as "their numbers"
  ///   - key: returns the bytes that identify an image, which differ from those of the other images of its class
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if the images cannot train a model, but have to
  static func outcome(
    labels: [UInt8], _ classNames: [String], _ options: DatasetOptions, _ path: String, verb: String = "holds",
    anotherClass: String = "images of another class", chosenBy basis: String, key: (Int) -> [UInt8]
  ) throws(DatasetError) -> Outcome {
    var members = [[Int]](repeating: [], count: classNames.count)
    for (index, label) in labels.enumerated() { members[Int(label)].append(index) }
    let classCount = members.count { !$0.isEmpty }
    guard classCount > 1 else {
      let className = classNames[Int(labels[0])]
      guard options.isForEvaluation else {
        throw .damaged(
          path: path,
          reason: "\(verb) images of only one class (\(className)) and no test set; add \(anotherClass), or a test set")
      }
      return allAreTest(labels.count, because: "the only class is \(className)")
    }
    guard classCount < labels.count else {
      guard options.isForEvaluation else {
        throw .damaged(
          path: path,
          reason: "\(verb) one image of each class and no test set, so that it cannot be split into training and test "
            + "images; add images, or a test set")
      }
      return allAreTest(labels.count, because: "the images cannot be split")
    }
    var isTest = [Bool](repeating: false, count: labels.count)
    for indices in members {
      let chosen = Split.isTest(indices.map(key), fraction: options.testFraction, seed: options.seed)
      for (index, isChosen) in zip(indices, chosen) { isTest[index] = isChosen }
    }
    let count = isTest.count { $0 }
    return Outcome(
      isTest: isTest, isSplit: true,
      note: "there is no test set; \(counted(count, "image")) of \(labels.count), chosen by \(basis) and the seed "
        + "\(options.seed), \(count == 1 ? "is" : "are") the test set")
  }

  private static func allAreTest(_ count: Int, because reason: String) -> Outcome {
    let images = count == 1 ? "the only image is" : "all \(count) images are"
    return Outcome(
      isTest: [Bool](repeating: true, count: count), isSplit: false,
      note: "there is no test set, and \(reason); \(images) evaluated")
  }
}
