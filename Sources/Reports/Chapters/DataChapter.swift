package import Datasets
package import Evaluation
internal import Text

/// The report's chapter on the data: files and their conversion, class balance, pixel values, principal components,
/// duplicates and possible label errors.
///
/// Each subsection has a file: `DataChapter+Files`, `+Classes`, `+Pixels`, `+Components`, `+Duplicates`, `+Suspects`.
package struct DataChapter: Sendable {
  let exploration: DataExploration
  let dataset: Dataset
  /// The disagreement of the run's models on the test images; nil without models.
  let disagreement: ModelDisagreement?

  /// - Parameter dataset: the explored data set
  package init(_ exploration: DataExploration, of dataset: Dataset, disagreement: ModelDisagreement? = nil) {
    (self.exploration, self.dataset, self.disagreement) = (exploration, dataset, disagreement)
  }

  package var section: HTMLSection {
    HTMLSection(
      "data", title: "Data", [.cards(cards), .statements(statements)],
      subsections: [files, classes, pixels, components, duplicates, suspects].compactMap { $0 })
  }

  // MARK: Summary

  private var cards: [HTMLCard] {
    let summary = exploration.summary
    return [
      HTMLCard("Training images", QuantityText.count(summary.train.images)),
      HTMLCard("Test images", QuantityText.count(summary.test.images)),
      HTMLCard("Classes", "\(summary.classNames.count)"),
      HTMLCard("Size", dataset.shape.description, remark: dataset.shape.channels == 1 ? "gray" : "color"),
    ]
  }

  private var statements: [HTMLStatement] {
    var statements: [HTMLStatement] = []
    if let ratio = exploration.balance.largestToSmallest {
      statements.append(
        ratio == 1
          ? HTMLStatement("1 : 1", "All classes have the same number of training images.")
          : HTMLStatement(
            "\(NumberText.compact(ratio, digits: 3)) : 1",
            "is the ratio of the largest to the smallest class in the training set."))
    }
    if let accuracy = exploration.balance.majorityAccuracy {
      statements.append(
        HTMLStatement(
          NumberText.percent(accuracy),
          """
          is the majority-class baseline: the accuracy on the test set of always predicting the most frequent training \
          class.
          """
        ))
    }
    let fraction = exploration.spread.betweenFraction
    if fraction > 0, names.count > 1 {
      statements.append(
        HTMLStatement(
          NumberText.percent(fraction),
          "of the variance of the training images lies between the class means; the rest is within classes."))
    }
    return statements
  }

  // MARK: Helpers

  var names: [String] { dataset.classNames }

  /// The side of the picture of one image, in pixels.
  static let side = 56

  func picture(_ image: Int, of images: LabeledImages, side: Int = Self.side) -> Picture {
    let count = images.shape.count
    return Picture(images.pixels[image * count..<(image + 1) * count], shape: images.shape).thumbnail(side)
  }

  /// A map of byte values as a gray or RGB picture.
  func picture(_ map: PixelMap, stretchedTo highest: Float = 255) -> Picture {
    let bytes = map.values.map { UInt8(max(0, min(255, ($0 * 255 / max(highest, 1e-6)).rounded()))) }
    return Picture(bytes, shape: map.shape).thumbnail(Self.side)
  }
}
