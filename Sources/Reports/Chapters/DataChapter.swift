package import Datasets
package import Evaluation

/// The report's chapter on the data: what is in it, and what in it looks wrong.
///
/// Facets: `DataChapter+Classes`, `+Pixels`, `+Components`, `+Duplicates`, `+Suspects`, each with its subsection.
package struct DataChapter: Sendable {
  let exploration: DataExploration
  let dataset: Dataset
  /// Of the run's models, on the test images; nil where there are none.
  let disagreement: ModelDisagreement?

  /// - Parameter dataset: the one that was explored
  package init(_ exploration: DataExploration, of dataset: Dataset, disagreement: ModelDisagreement? = nil) {
    (self.exploration, self.dataset, self.disagreement) = (exploration, dataset, disagreement)
  }

  package var section: HTMLSection {
    HTMLSection(
      "data", title: "The data", [.cards(cards), .statements(statements)],
      subsections: [classes, pixels, components, duplicates, suspects])
  }

  // MARK: In short

  private var cards: [HTMLCard] {
    let summary = exploration.summary
    return [
      HTMLCard("training images", NumberText.compact(Double(summary.train.images), digits: 9)),
      HTMLCard("test images", NumberText.compact(Double(summary.test.images), digits: 9)),
      HTMLCard("classes", "\(summary.classNames.count)"),
      HTMLCard("size", dataset.shape.description, remark: dataset.shape.channels == 1 ? "grey" : "colour"),
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
            "is how many more training images the largest class has than the smallest."))
    }
    if let accuracy = exploration.balance.majorityAccuracy {
      statements.append(
        HTMLStatement(
          NumberText.percent(accuracy),
          "of the test images would be told rightly by always naming the most frequent training class."))
    }
    let share = exploration.spread.betweenShare
    if share > 0, names.count > 1 {
      statements.append(
        HTMLStatement(
          NumberText.percent(share),
          "of all differences between training images lie between the classes' mean pictures; the rest is within classes."
        ))
    }
    return statements
  }

  // MARK: Helpers of the facets

  var names: [String] { dataset.classNames }

  /// The side that pictures of one image are brought to, in pixels.
  static let side = 56

  func picture(_ image: Int, of images: LabeledImages) -> Picture {
    let count = images.shape.count
    return Picture(images.pixels[image * count..<(image + 1) * count], shape: images.shape).thumbnail(Self.side)
  }

  /// A map in bytes' units as a grey or RGB picture.
  func picture(_ map: PixelMap, stretchedTo highest: Float = 255) -> Picture {
    let bytes = map.values.map { UInt8(max(0, min(255, ($0 * 255 / max(highest, 1e-6)).rounded()))) }
    return Picture(bytes, shape: map.shape).thumbnail(Self.side)
  }
}
