internal import Text

/// The names of the NumPy arrays that hold a data set, if they are not the usual ones.
package struct ArrayNames: Sendable, Equatable {
  package var images: String
  package var labels: String
  /// The test set; nil without names of its own: a part of the images becomes the test set.
  package var testImages: String?
  package var testLabels: String?

  package init(images: String, labels: String, testImages: String? = nil, testLabels: String? = nil) {
    (self.images, self.labels, self.testImages, self.testLabels) = (images, labels, testImages, testLabels)
  }

  /// Images and labels, and those of the test set if it has its own.
  var all: [String] { [images, labels] + [testImages, testLabels].compactMap(\.self) }
}

// MARK: Text

/// An error for invalid names of arrays.
package struct ArrayNamesError: Error, Equatable, CustomStringConvertible {
  package let description: String
}

extension ArrayNames: CustomStringConvertible {
  /// The canonical text, for example `images=X,labels=y,test-images=Xt,test-labels=yt`.
  package var description: String {
    zip(Self.keys, [images, labels, testImages, testLabels])
      .compactMap { key, name in name.map { "\(key)=\($0)" } }
      .joined(separator: ",")
  }

  private static let keys = ["images", "labels", "test-images", "test-labels"]

  /// Parses the format of ``description``, in any order.
  package init(parsing text: String) throws(ArrayNamesError) {
    var names: [String: String] = [:]
    for field in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, Self.keys.contains(parts[0]), !parts[1].isEmpty, names[parts[0]] == nil else {
        throw ArrayNamesError(
          description: "'\(field)' does not name an array; expected \(Self.keys.map { "\($0)=NAME" }.alternatives), "
            + "each at most once")
      }
      names[parts[0]] = parts[1]
    }
    guard let images = names["images"], let labels = names["labels"],
      (names["test-images"] == nil) == (names["test-labels"] == nil)
    else {
      throw ArrayNamesError(
        description: "'\(text)' does not name the arrays of a data set; expected images=NAME,labels=NAME, and "
          + "test-images=NAME,test-labels=NAME if the test set has arrays of its own")
    }
    self.init(
      images: images, labels: labels, testImages: names["test-images"], testLabels: names["test-labels"])
  }
}
