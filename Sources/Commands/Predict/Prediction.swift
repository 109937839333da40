internal import ArgumentParser
internal import Datasets
internal import Foundation
internal import Text

/// A format of predictions on standard output.
enum PredictionFormat: String, ExpressibleByArgument, CaseIterable {
  case text
  case csv
  case jsonl
}

/// The prediction of a model for one image.
struct Prediction: Encodable {
  struct ClassProbability: Encodable {
    let name: String
    let probability: Float
  }
  /// The name of the file; bytes that are not UTF-8 are escaped, as in `caf\xE9.png`.
  let image: String
  let prediction: String
  /// All classes, the most probable first; equal probabilities in the order of their labels.
  let classes: [ClassProbability]

  /// The name of the file as it is.
  private let file: FileName
  /// By label.
  private let probabilities: [Float]

  private enum CodingKeys: CodingKey {
    case image
    case prediction
    case classes
  }

  init(of file: FileName, classNames: [String], probabilities: [Float]) {
    (self.file, self.probabilities, image) = (file, probabilities, file.shown)
    let order = probabilities.indices.sorted { (probabilities[$1], $0) < (probabilities[$0], $1) }
    classes = order.map { ClassProbability(name: classNames[$0], probability: probabilities[$0]) }
    prediction = classes[0].name
  }

  // MARK: Text

  /// The predictions as a table.
  static func text(_ predictions: [Prediction], top: Int) -> String {
    let top = min(top, predictions.first?.classes.count ?? 0)
    var table = TextTable([.left] + Array(repeating: .left, count: top))
    for prediction in predictions {
      let classes = prediction.classes.prefix(top).map {
        "\($0.name) \(formatted(100 * Double($0.probability), digits: 1)) %"
      }
      table.add([prediction.image.printable] + classes)
    }
    return table.text
  }

  // MARK: CSV

  /// The header of a CSV file (RFC 4180, with lines that end in LF): the file, the predicted class and its probability,
  /// and a column with the probability of each class, by label.
  static func csvHeader(_ classNames: [String]) -> [UInt8] {
    let names = ["image", "prediction", "probability"] + classNames.map { "P(\($0))" }
    return line(names.map { Array($0.utf8) })
  }

  /// The line of this prediction. The name of the file is written with its own bytes.
  var csvLine: [UInt8] {
    let texts = [prediction, "\(classes[0].probability)"] + probabilities.map { "\($0)" }
    return Self.line([file.bytes] + texts.map { Array($0.utf8) })
  }

  /// A line of CSV.
  static func line(_ fields: [[UInt8]]) -> [UInt8] {
    Array(fields.map(quoted).joined(separator: [UInt8(ascii: ",")])) + [UInt8(ascii: "\n")]
  }

  private static func quoted(_ field: [UInt8]) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    guard field.contains(where: { $0 == quote || $0 == UInt8(ascii: ",") || $0 < 0x20 }) else { return field }
    return [quote] + field.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
  }

  // MARK: JSON Lines

  /// The line of this prediction in JSON Lines.
  func jsonLine() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
  }
}
