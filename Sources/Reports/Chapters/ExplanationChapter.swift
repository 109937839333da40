package import Datasets
package import Evaluation
internal import Text

/// The report's chapter that explains one model of any kind.
package struct ExplanationChapter: Sendable {
  private let explanation: ModelExplanation
  private let dataset: Dataset
  private let name: String

  /// - Parameters:
  ///   - dataset: the data set that the model was explained on
  ///   - name: the model's name; its ``Identifier`` is unique on the page
  package init(_ explanation: ModelExplanation, of dataset: Dataset, name: String) {
    (self.explanation, self.dataset, self.name) = (explanation, dataset, name)
  }

  package var section: HTMLSection {
    switch explanation {
    case .network(let network): NetworkChapter(network, of: dataset, name: name).section
    case .forest(let forest): ForestChapter(forest, of: dataset, name: name).section
    case .tree(let tree): TreeChapter(tree, of: dataset, name: name).section
    case .neighbors(let neighbors): NeighborsChapter(neighbors, of: dataset, name: name).section
    }
  }
}

/// The common part of the chapters on models: names, order and pictures of the examples.
struct ExampleGallery: Sendable {
  /// The model's name.
  let name: String
  let dataset: Dataset

  var names: [String] { dataset.classNames }

  /// The maximum number of classes with an example.
  static let maxClasses = 24

  /// The unchanged test image.
  func picture(_ example: ExampleImage) -> Picture {
    Picture(dataset.test.pixels(of: example.image), shape: dataset.shape)
  }

  /// The identifier of a part of the model's chapter.
  func identifier(_ part: String = "") -> Identifier { Identifier("explanation \(name) \(part)") }

  /// A name that is unique on the page.
  /// - Parameter place: the position among the examples shown for the same reason
  func name(_ example: ExampleImage, place: Int) -> Identifier {
    identifier("\(Self.word(example.reason)) \(place + 1) image \(example.image)")
  }

  /// The label, the prediction and their probabilities, in a sentence.
  func sentence(_ example: ExampleImage) -> String {
    let verdict =
      example.isCorrect
      ? "\(names[example.label]), classified correctly (\(percent(example.confidence)))"
      : "\(names[example.label]), predicted to be \(names[example.prediction]) (\(percent(example.confidence)))"
    // A class with probability 0 is second only because of its position in the list.
    let second =
      example.second.flatMap { example.probabilities[$0] > 0 ? $0 : nil }
      .map { "; second: \(names[$0]) (\(percent(example.probabilities[$0])))" } ?? ""
    return "\(verdict)\(second). Test image \(example.image)."
  }

  func percent(_ probability: Float) -> String { NumberText.percent(Double(probability)) }

  /// A subsection for each reason with examples.
  func sections(
    _ examples: [ExampleImage], figure: (_ index: Int, _ name: Identifier) -> HTMLFigure
  ) -> [HTMLSection] {
    ExampleImage.Reason.allCases.compactMap { reason in
      let own = examples.indices.filter { examples[$0].reason == reason }
      let isByClass = reason == .right || reason == .wrong
      let shown = isByClass ? Array(own.prefix(Self.maxClasses)) : own
      guard !shown.isEmpty else { return nil }
      var blocks: [HTMLBlock] = []
      if isByClass {
        let rest = own.count - shown.count
        blocks.append(
          .paragraph(
            HTMLText(
              """
              One image per class, sampled from those that are classified \
              \(reason == .right ? "correctly" : "incorrectly").
              """
                + (rest > 0 ? " \(rest) more classes are left out." : ""))))
      }
      blocks.append(
        .gallery(
          shown.enumerated().map { place, index in figure(index, name(examples[index], place: place)) }))
      return HTMLSection(
        identifier(Self.word(reason)), title: Self.title(reason), blocks)
    }
  }

  private static func word(_ reason: ExampleImage.Reason) -> String {
    reason == .confidentError ? "error" : reason.rawValue
  }

  private static func title(_ reason: ExampleImage.Reason) -> String {
    switch reason {
    case .chosen: "Requested images"
    case .right: "Correct predictions"
    case .wrong: "Incorrect predictions"
    case .confidentError: "Most confident errors"
    }
  }
}

extension ProportionInterval {
  /// The accuracy as a key figure, with the number of images it was measured on.
  var card: HTMLCard {
    count > 0
      ? HTMLCard("Accuracy", percent, remark: "of \(QuantityText.count(count)) test images; 95 % interval \(range)")
      : HTMLCard("Accuracy", "–", remark: "no test images")
  }
}
