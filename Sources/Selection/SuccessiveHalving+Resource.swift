package import Models
internal import Text

extension SuccessiveHalving {
  /// The quantity that grows from rung to rung: a setting of the model, or the number of training images. Everything
  /// that distinguishes one resource from another is here.
  package enum Resource: String, Sendable, CaseIterable, Codable {
    case epochs, trees, images

    /// The setting that is the resource; nil for the number of images.
    package var setting: String? { self == .images ? nil : rawValue }

    /// Whether models of this kind have the resource.
    package func isPossible(for model: ModelKind) -> Bool {
      setting.map { model.setting($0) != nil } ?? true
    }

    /// Returns a configuration with an amount of the resource. Images are not part of it.
    func configuration(_ configuration: Configuration, amount: Int) -> Configuration {
      setting.map { configuration.setting($0, to: "\(amount)") } ?? configuration
    }

    /// The names, for help and errors: "epochs, trees or images".
    package static var listed: String {
      allCases.map(\.rawValue).alternatives
    }
  }
}

// MARK: Training images as the resource

extension SuccessiveHalving {
  /// The least images of each class on the first rung, unless the sweep says otherwise. With fewer, the scores hardly
  /// distinguish configurations, and some classes are missing in a fold.
  package static let leastImagesPerClass = 10

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
