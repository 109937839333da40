import Compute
import Datasets
import Models
import Testing

/// What all families of models have in common: the schema of the settings, and the check of images.
@Suite struct FamilySettingsTests {
  private func settings(_ kind: ModelKind, _ text: [String: String] = [:]) throws -> ModelSettings {
    try ModelSettings(kind, text)
  }

  @Test(arguments: ModelKind.allCases) func settingsRoundTripAsText(kind: ModelKind) throws {
    let text = try settings(kind).text
    #expect(text.keys.sorted() == kind.settingNames)
    #expect(try settings(kind, text).text == text)
    try kind.settingsType.init().check()
  }

  @Test(arguments: ModelKind.allCases) func rejectsUnknownAndInvalidSettings(kind: ModelKind) {
    #expect(throws: ModelError.self) { try settings(kind, ["leaves": "3"]) }
    for facts in kind.settingFacts {
      for text in ["", "?", "-1", "nan", "1e99", "9223372036854775808", String(repeating: "9", count: 9_999)] {
        if Double(text).map({ $0 > 1 }) == true, ["seed", "learning-rate", "weight-decay"].contains(facts.name) {
          continue
        }
        let error = #expect(throws: ModelError.self, "\(facts.name) \(text)") { try settings(kind, [facts.name: text]) }
        let reason = error?.description ?? ""
        #expect(reason.hasPrefix("\(facts.name) must be \(facts.values.allowed), not ") && reason.count < 400)
      }
      for word in facts.values.words {
        #expect(throws: Never.self) { try kind.settingsType.canonical(word, of: facts.name) }
      }
    }
  }

  @Test func canonicalTextOfEqualValuesIsEqual() throws {
    #expect(try ModelKind.tree.settingsType.canonical("+03", of: "max-depth") == "3")
    #expect(try ModelKind.cnn.settingsType.canonical("5e-1", of: "dropout") == "0.5")
    #expect(try ModelKind.cnn.settingsType.canonical("08,16", of: "filters") == "8,16")
  }

  /// A setting that affects only predictions does not change what is fitted.
  @Test(arguments: ModelKind.allCases) func settingsOfPredictionsKeepTheDigest(kind: ModelKind) throws {
    let model = try SavedClassifierTests.fit(kind)
    let other = ["neighbors": "2", "metric": "cosine", "weights": "distance", "mirror": "true"]
    for facts in kind.settingFacts where !facts.affectsFit {
      let changed = model.settings.merging([facts.name: try #require(other[facts.name])]) { $1 }
      let fitted = try ModelSettings(kind, changed).fit(
        SavedClassifierTests.images, classCount: 3, on: anyContext, progress: { _ in true })
      #expect(fitted.digest == model.digest && fitted.settings != model.settings, "\(facts.name)")
    }
  }

  @Test func optimizerDeterminesDefaultLearningRate() throws {
    #expect(try settings(.cnn, ["optimizer": "adam"]).text["learning-rate"] == "0.001")
    #expect(try settings(.cnn, ["optimizer": "adam", "learning-rate": "0.08"]).text["learning-rate"] == "0.08")
  }

  @Test(arguments: ["shards", "patience", "whitening"]) func checksSettingsThatDependOnOthers(name: String) {
    let (kind, text): (ModelKind, [String: String]) =
      switch name {
      case "shards": (.cnn, ["batch": "4", "shards": "5"])
      case "patience": (.cnn, ["patience": "2", "validation": "0"])
      default: (.knn, ["whitening": "1"])
      }
    let error = #expect(throws: ModelError.self) { try settings(kind, text) }
    #expect(error?.description.contains(name) == true)
  }

  @Test(arguments: ModelKind.allCases) func imagesOfAnotherShapeAreAnError(kind: ModelKind) throws {
    let model = try SavedClassifierTests.fit(kind)
    let shape = ImageShape(height: model.imageShape.height + 1, width: model.imageShape.width, channels: 1)
    let images = randomImages(2, shape, classes: 2)
    #expect(throws: ModelError.wrongShape(model: model.imageShape, images: shape)) {
      try model.probabilities(for: images, on: anyContext) { _ in true }
    }
  }
}
