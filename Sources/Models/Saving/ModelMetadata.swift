package import Datasets

/// The description of a saved model, besides its tensors.
package struct ModelMetadata: Sendable, Equatable {
  package var kind: ModelKind
  /// Settings by the names of the command-line options.
  package var settings: [String: String]
  package var imageShape: ImageShape
  /// How images become images of this shape: the rule for images to classify. nil in models of versions without it:
  /// images must have this shape.
  package var conversion: ImageConversion?
  /// Names by label.
  package var classNames: [String]
  package var dataName: String
  /// SHA-256 of the data set that the model was fitted on.
  package var dataDigest: String
  /// The accuracy on the test images of the data set; nil if it was not measured.
  package var testAccuracy: Double?
  /// The version of Atelier that fitted the model.
  package var atelierVersion: String

  package init(
    kind: ModelKind, settings: [String: String], imageShape: ImageShape, classNames: [String], dataName: String,
    dataDigest: String, testAccuracy: Double?, atelierVersion: String, conversion: ImageConversion? = nil
  ) {
    self.conversion = conversion
    (self.kind, self.settings, self.imageShape, self.classNames) = (kind, settings, imageShape, classNames)
    (self.dataName, self.dataDigest) = (dataName, dataDigest)
    (self.testAccuracy, self.atelierVersion) = (testAccuracy, atelierVersion)
  }
}

// MARK: Text

extension ModelMetadata {
  /// Limits of the values that a file may contain.
  static let sides = 1...DatasetLimits.side
  static let channels = [1, 3]
  static let classes = 1...DatasetLimits.classes

  private static let conversionEntry = "image.conversion"

  /// The entries of the safetensors header: `model`, `setting.<name>`, `class.<label>` and so on.
  package var text: [String: String] {
    var text = [
      "model": kind.rawValue, "image.height": "\(imageShape.height)", "image.width": "\(imageShape.width)",
      "image.channels": "\(imageShape.channels)", "classes": "\(classNames.count)", "data.name": dataName,
      "data.digest": dataDigest, "atelier.version": atelierVersion,
    ]
    text[Self.conversionEntry] = conversion?.description
    text["test.accuracy"] = testAccuracy.map { "\($0)" }
    for (name, value) in settings { text["setting.\(name)"] = value }
    for (label, name) in classNames.enumerated() { text["class.\(label)"] = name }
    return text
  }

  /// Reads the entries that ``text`` writes, and ignores others.
  /// - Throws: ``ModelError/badModel(_:)`` naming the entry that is missing or invalid.
  package init(text: [String: String]) throws(ModelError) {
    func read<Value>(_ name: String, _ expected: String, _ parse: (String) -> Value?) throws(ModelError) -> Value {
      guard let word = text[name] else {
        throw .badModel("its header lacks \"\(name)\"; was the file saved by Atelier?")
      }
      guard let value = parse(word) else {
        throw .badModel("its header's \"\(name)\" is \(word.debugDescription); it must be \(expected)")
      }
      return value
    }
    func number(_ name: String, in range: ClosedRange<Int>) throws(ModelError) -> Int {
      try read(name, "\(range.lowerBound) to \(range.upperBound)") { word in
        Int(word).flatMap { range.contains($0) ? $0 : nil }
      }
    }
    kind = try read("model", "one of " + ModelKind.allCases.map(\.rawValue).joined(separator: ", "), ModelKind.init)
    imageShape = ImageShape(
      height: try number("image.height", in: Self.sides), width: try number("image.width", in: Self.sides),
      channels: try read("image.channels", "1 or 3") { Int($0).flatMap { Self.channels.contains($0) ? $0 : nil } })
    conversion =
      text[Self.conversionEntry] == nil
      ? nil
      : try read(Self.conversionEntry, "the conversion to the shape of its images") { [imageShape] in
        (try? ImageConversion(parsing: $0)).flatMap { $0.shape == imageShape ? $0 : nil }
      }
    classNames = []
    for label in 0..<(try number("classes", in: Self.classes)) {
      classNames.append(try read("class.\(label)", "a class name", { $0 }))
    }
    do { try DatasetLimits.checkNames(classNames, "its header") } catch { throw .badModel(error.description) }
    dataName = try read("data.name", "a name", { $0 })
    dataDigest = try read("data.digest", "a digest", { $0 })
    testAccuracy =
      text["test.accuracy"] == nil
      ? nil : try read("test.accuracy", "from 0 to 1") { Double($0).flatMap { (0...1).contains($0) ? $0 : nil } }
    atelierVersion = try read("atelier.version", "a version", { $0 })
    let prefix = "setting."
    settings = [:]
    for (name, value) in text where name.hasPrefix(prefix) { settings[String(name.dropFirst(prefix.count))] = value }
  }
}
