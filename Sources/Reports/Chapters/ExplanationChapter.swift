package import Datasets
package import Evaluation

/// The report's chapter on one model, of whatever kind.
package struct ExplanationChapter: Sendable {
  private let explanation: ModelExplanation
  private let dataset: Dataset
  private let name: String

  /// - Parameters:
  ///   - dataset: the one that the model was explained on
  ///   - name: whose ``Identifier`` no other model of the page shares
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

/// What chapters on models have in common: how examples are named, sorted and pictured.
struct ExampleGallery: Sendable {
  /// Of the model.
  let name: String
  let dataset: Dataset

  var names: [String] { dataset.classNames }

  /// More classes are too many examples for one page.
  static let mostClasses = 24

  /// The test image as it is.
  func picture(_ example: ExampleImage) -> Picture {
    Picture(dataset.test.pixels(of: example.image), shape: dataset.shape)
  }

  /// Of the model's chapter, and a part of it.
  func identifier(_ part: String = "") -> Identifier { Identifier("explaining \(name) \(part)") }

  /// A name that no other example of the page has.
  /// - Parameter place: among those shown for the same reason
  func name(_ example: ExampleImage, place: Int) -> Identifier {
    identifier("\(Self.word(example.reason)) \(place + 1) image \(example.image)")
  }

  /// What the image is and what the model takes it for.
  func sentence(_ example: ExampleImage) -> String {
    let verdict =
      example.isRight
      ? "\(names[example.label]), told rightly (\(percent(example.confidence)))"
      : "\(names[example.label]), taken for \(names[example.prediction]) (\(percent(example.confidence)))"
    let second = example.second.map { "; second: \(names[$0]) (\(percent(example.probabilities[$0])))" } ?? ""
    return "\(verdict)\(second). Test image \(example.image)."
  }

  func percent(_ probability: Float) -> String { NumberText.percent(Double(probability)) }

  /// A subsection for each kind of example that there is.
  func sections(
    _ examples: [ExampleImage], figure: (_ index: Int, _ name: Identifier) -> HTMLFigure
  ) -> [HTMLSection] {
    ExampleImage.Reason.allCases.compactMap { reason in
      let own = examples.indices.filter { examples[$0].reason == reason }
      let isByClass = reason == .right || reason == .wrong
      let shown = isByClass ? Array(own.prefix(Self.mostClasses)) : own
      guard !shown.isEmpty else { return nil }
      var blocks: [HTMLBlock] = []
      if isByClass {
        let rest = own.count - shown.count
        blocks.append(
          .paragraph(
            HTMLText(
              "Drawn at random from the class's images that are told \(reason == .right ? "rightly" : "wrongly")."
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
    case .chosen: "Chosen images"
    case .right: "A right answer for each class"
    case .wrong: "A wrong answer for each class"
    case .confidentError: "The most confident errors"
    }
  }
}

extension ProportionInterval {
  /// The accuracy as a key figure, with what it was measured on.
  var card: HTMLCard {
    count > 0
      ? HTMLCard("Accuracy", percent, remark: "of \(Wording.count(count)) test images; 95 % interval \(range)")
      : HTMLCard("Accuracy", "–", remark: "there are no test images")
  }
}
