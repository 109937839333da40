internal import Models
internal import Text

extension SuccessiveHalving {
  /// The quantity that grows from rung to rung: a setting that a family declares as a resource, or the number of
  /// training images.
  package struct Resource: RawRepresentable, Sendable, Hashable, Codable {
    /// The name of the setting, or `images`.
    package let rawValue: String

    package init?(rawValue: String) {
      guard Self.names.contains(rawValue) else { return nil }
      self.rawValue = rawValue
    }

    private init(images name: String) { rawValue = name }

    package static let images = Resource(images: "images")

    /// The names of all resources, the number of images last.
    static let names: [String] = {
      var names: [String] = []
      for facts in ModelFamilies.all.flatMap({ $0.settingsType.facts }) where facts.isResource {
        if !names.contains(facts.name) { names.append(facts.name) }
      }
      return names + ["images"]
    }()

    /// The setting that is the resource; nil for the number of images.
    package var setting: String? { self == .images ? nil : rawValue }

    /// Returns the names of the resources that models of this kind have.
    static func names(for model: ModelKind) -> [String] {
      names.filter { $0 == images.rawValue || model.setting($0)?.isResource == true }
    }

    /// Returns a configuration with an amount of the resource. Images are not part of it.
    func configuration(_ configuration: Configuration, amount: Int) -> Configuration {
      setting.map { configuration.setting($0, to: "\(amount)") } ?? configuration
    }

    /// The names, for help and errors: "epochs, trees or images".
    static var listed: String { names.alternatives }
  }
}

// MARK: Training images as the resource

extension SuccessiveHalving {
  /// The least images of each class on the first rung, unless the sweep says otherwise. With fewer, the scores hardly
  /// distinguish configurations, and some classes are missing in a fold.
  static let leastImagesPerClass = 10

  /// Returns the settings with the default of ``least`` that depends on the training images.
  /// - Throws: ``SweepError`` if ``most`` exceeds the number of images.
  func resolved(imageCount: Int, classCount: Int) throws(SweepError) -> Self {
    guard resource == .images else { return self }
    guard most <= imageCount else {
      throw SweepError(
        "max-resource is \(most) images, but there are only \(imageCount) training images", key: "max-resource")
    }
    return Self(
      resource: resource, factor: factor, least: least ?? max(1, min(Self.leastImagesPerClass * classCount, most)),
      most: most)
  }
}
